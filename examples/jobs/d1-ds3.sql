-- d1/ds3: how far below its peak the index closed, and which of those days traded heavily.
-- In: d1_ds1 (returns), d1_ds2 (volume z-score). Out, one row per trading day that both have:
--   close, log_return, volume_zscore  carried along: d1/ds4 needs them and sees only this product
--   drawdown               close / highest close so far - 1, never above 0; the history starts on 2000-01-03
--   heavy_volume           volume_zscore > 2; null where the z-score is
--   heavy_volume_drawdown  the drawdown on heavy-volume days, null on all others
WITH drawdowns AS (
  SELECT
    business_date,
    date,
    close,
    log_return,
    volume_zscore,
    close / max(close) OVER (ORDER BY date ROWS UNBOUNDED PRECEDING) - 1 AS drawdown,
    volume_zscore > 2 AS heavy_volume
  FROM d1_ds1
  JOIN d1_ds2 USING (business_date, date)
)
SELECT *, CASE WHEN heavy_volume THEN drawdown END AS heavy_volume_drawdown
FROM drawdowns
ORDER BY date
