"""Learning the router from finished runs: features recorded, estimators fitted, the policy judged."""
