-- d1/ds1: daily returns and the high-low range.
-- In: raw_rd1 (closes), raw_rd2 (highs and lows). Out, one row per trading day that both have:
--   close           index points
--   log_return      ln(close / close of the trading day before); null on the first day of the history
--   high_low_range  (high - low) / close, a fraction
-- Joined on business_date too: rows of another cycle find no partner.
SELECT
  business_date,
  date,
  close,
  ln(close / lag(close) OVER (ORDER BY date)) AS log_return,
  (high - low) / close AS high_low_range
FROM raw_rd1
JOIN raw_rd2 USING (business_date, date)
ORDER BY date
