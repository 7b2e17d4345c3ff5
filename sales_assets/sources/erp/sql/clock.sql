-- The ERP's own time: rows that change later get a later updated_at.
select now() as asked_at
