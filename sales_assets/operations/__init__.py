"""Operating the pipeline: repair, reconciliation with the ERP, and the doctor."""
