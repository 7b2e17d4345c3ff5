-- The ERP's own time: what changes later has a later updated_at.
select now() as asked_at
