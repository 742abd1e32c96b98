def main():
    print(42)
