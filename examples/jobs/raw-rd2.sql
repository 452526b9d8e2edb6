-- raw/rd2: daily highs and lows of the S&P 500, all history up to the vendor's last trading day.
-- In: `source`, the vendor's CSV of this business date. Out: business_date, date (trading day), high, low (index points).
SELECT
  CAST(getvariable('business_date') AS DATE) AS business_date,
  CAST(date AS DATE) AS date,
  CAST(high AS DOUBLE) AS high,
  CAST(low AS DOUBLE) AS low
FROM source
ORDER BY date
