"""What is done with a trained model outside of an audit: looked at, evaluated, trained alone."""
