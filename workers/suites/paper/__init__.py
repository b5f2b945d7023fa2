"""The paper's benchmarks: GPQA Diamond, GSM8K, MATH-500 and MBPP as local files."""
