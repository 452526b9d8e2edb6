-- raw/rd1: closes of the S&P 500, all history up to the vendor's last trading day.
-- In: `source`, the vendor's CSV of this business date. Out: business_date, date (trading day), close (index points).
-- business_date is set here and carried through every product built on this one.
SELECT
  CAST(getvariable('business_date') AS DATE) AS business_date,
  CAST(date AS DATE) AS date,
  CAST(close AS DOUBLE) AS close
FROM source
ORDER BY date
