"""Driving a study: queue, pool, driver, scheduler, Optuna."""
