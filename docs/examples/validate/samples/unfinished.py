def handler(number):
    return 2 * (number
