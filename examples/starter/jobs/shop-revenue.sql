-- shop/revenue: what each item earned. In: shop_orders, the view of the upstream shop/orders.
-- Out, one row per item: business_date, item, revenue.
SELECT business_date, item, sum(quantity * price) AS revenue
FROM shop_orders
GROUP BY business_date, item
ORDER BY item
