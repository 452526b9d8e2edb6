-- raw/rd3: daily volume of the S&P 500, all history up to the vendor's last trading day.
-- In: `source`, the vendor's CSV of this business date. Out: business_date, date (trading day), volume (shares).
SELECT
  CAST(getvariable('business_date') AS DATE) AS business_date,
  CAST(date AS DATE) AS date,
  CAST(volume AS BIGINT) AS volume
FROM source
ORDER BY date
