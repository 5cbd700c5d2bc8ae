"""KServe's own Python model server, the one inside its scikit-learn and XGBoost images."""
