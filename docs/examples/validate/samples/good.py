def handler(number):
    return 2 * number


print(handler(21))
