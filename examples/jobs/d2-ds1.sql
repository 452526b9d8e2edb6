-- d2/ds1: Parkinson volatility (Parkinson 1980), from the day's range alone.
-- In: raw_rd2 (highs and lows). Out, one row per trading day:
--   parkinson_vol  sqrt(252 * mean(ln(high / low)^2) / (4 ln 2)) over the 20 trading days up to and including the day,
--                  annualised by 252 trading days; a fraction (0.2 = 20 %); null until the window is full
SELECT
  business_date,
  date,
  CASE
    WHEN count(*) OVER month = 20
    THEN sqrt(252 * avg(pow(ln(high / low), 2)) OVER month / (4 * ln(2)))
  END AS parkinson_vol
FROM raw_rd2
WINDOW month AS (ORDER BY date ROWS BETWEEN 19 PRECEDING AND CURRENT ROW)
ORDER BY date
