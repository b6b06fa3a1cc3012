-- Until the transaction ends, nobody else gives an action that only so many addresses may have:
-- otherwise two could each see the last one left. The number is this service's own.
SELECT pg_advisory_xact_lock(7277078)::text AS held
