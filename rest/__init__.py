"""What every API resource and every form that makes something stands on. No tables, no knowledge."""
