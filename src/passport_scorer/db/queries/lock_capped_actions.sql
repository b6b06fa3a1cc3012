-- Until the transaction ends, no other transaction gives a capped Human Points action: otherwise
-- two of them could each give the last one left. The number is this service's own.
SELECT pg_advisory_xact_lock(7277078)::text AS held
