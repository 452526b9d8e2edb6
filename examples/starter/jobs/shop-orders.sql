-- shop/orders: made-up orders, always the same ones for the same date; read a file of yours here instead.
-- In: nothing but the cycle's date. Out, one row per order: business_date, order_id, item, quantity, price.
WITH day AS (
  SELECT CAST(getvariable('business_date') AS DATE) AS business_date,
    date_diff('day', DATE '2020-01-01', CAST(getvariable('business_date') AS DATE)) AS n
)
SELECT
  business_date,
  id AS order_id,
  ['tea', 'coffee', 'cocoa', 'mate', 'chai'][CAST(1 + (id * id + id + n) % 5 AS INTEGER)] AS item,
  1 + (id * 7 + n) % 4 AS quantity,
  CAST(3 + (id * 11 + n) % 9 AS DECIMAL(9, 2)) AS price
FROM day, range(1, 201) AS orders(id)
ORDER BY order_id
