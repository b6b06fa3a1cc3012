-- Until the transaction ends, nobody else changes the stamps of this address by way of this
-- service. An advisory lock, since an address without stamps has no row to hold.
SELECT pg_advisory_xact_lock(hashtextextended('stamps of ' || $1::text, 0))::text AS held
