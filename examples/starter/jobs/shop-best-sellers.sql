-- shop/best-sellers: the three items that earned most. In: shop_orders, shop_revenue.
-- Out: business_date, item, revenue, orders. Joined on business_date too: rows of another date find no partner.
SELECT business_date, item, r.revenue, count(*) AS orders
FROM shop_revenue r
JOIN shop_orders o USING (business_date, item)
GROUP BY business_date, item, r.revenue
ORDER BY r.revenue DESC, item
LIMIT 3
