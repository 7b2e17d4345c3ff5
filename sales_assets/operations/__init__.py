"""Work on the pipeline itself: repair, reconciliation with the ERP, and the doctor."""
