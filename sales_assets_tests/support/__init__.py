"""What tests share: servers, warehouses, a pipeline of their own. No test is in here."""
