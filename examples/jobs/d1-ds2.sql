-- d1/ds2: how unusual the day's volume is.
-- In: raw_rd3 (volume). Out, one row per trading day:
--   volume         shares
--   volume_zscore  (volume - mean) / standard deviation (sample, n - 1), both of the 20 trading days BEFORE the day, so
--                  that a spike is not measured by a yardstick it has stretched; null for the first 20 days
SELECT
  business_date,
  date,
  volume,
  CASE
    WHEN count(volume) OVER before = 20
    THEN (volume - avg(volume) OVER before) / stddev_samp(volume) OVER before
  END AS volume_zscore
FROM raw_rd3
WINDOW before AS (ORDER BY date ROWS BETWEEN 20 PRECEDING AND 1 PRECEDING)
ORDER BY date
