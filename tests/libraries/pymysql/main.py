"""Keeps orders in tables: types, transactions and large rows, in the clear and with TLS."""

import datetime
import decimal
import os
import ssl

import pymysql
import pymysql.cursors

PLACE = {"host": os.environ["HOST"], "port": int(os.environ["MARIADB"]), "connect_timeout": 10, "read_timeout": 10}
ACCOUNT = PLACE | {"user": "ada", "password": "lovelace", "database": "shop"}
AT = datetime.datetime(2026, 11, 30, 12, 0)


def orders(connection, table):
    with connection.cursor() as cursor:
        cursor.execute("SHOW STATUS LIKE 'Ssl_version'")
        version = cursor.fetchone()[1]
        cursor.execute(
            f"CREATE TABLE {table} (id INT AUTO_INCREMENT PRIMARY KEY, name TEXT, price DECIMAL(8,2), at DATETIME,"
            " more LONGBLOB) CHARACTER SET utf8mb4"
        )
        rows = [(f"grüße {number}", decimal.Decimal(number) / 4, AT, bytes([number])) for number in range(50)]
        cursor.executemany(f"INSERT INTO {table} (name, price, at, more) VALUES (%s, %s, %s, %s)", rows)
        connection.commit()
        cursor.execute(f"DELETE FROM {table}")
        connection.rollback()
        cursor.execute(f"INSERT INTO {table} (name, more) VALUES (%s, %s)", ("large", b"\xff" * 300_000))
        last = cursor.lastrowid
        connection.commit()
        cursor.execute(f"SELECT count(*), sum(price), max(length(more)) FROM {table}")
        count, total, longest = cursor.fetchone()
    with connection.cursor(pymysql.cursors.DictCursor) as cursor:
        cursor.execute(f"SELECT name, price, at, more FROM {table} WHERE id = %s", (3,))
        row = cursor.fetchone()
    row["price"], row["at"], row["more"] = str(row["price"]), row["at"] == AT, row["more"].hex()
    return [version, last, count, str(total), longest, row]


def failure(call):
    try:
        call()
    except pymysql.MySQLError as error:
        cause = getattr(error, "original_exception", None)
        return [error.args[0], cause and type(cause).__name__]
    return None


def main():
    told = {}
    for kind, secure in (("plain", {"ssl_disabled": True}), ("secure", {"ssl": {"ca": "/action/ca.pem"}})):
        with pymysql.connect(**ACCOUNT, **secure) as connection:
            told[kind] = orders(connection, kind)
            told[f"{kind} twice"] = failure(lambda: connection.cursor().execute(f"CREATE TABLE {kind} (id INT)"))
    wrong = ACCOUNT | {"password": "wrong", "ssl": {"ca": "/action/ca.pem"}}
    told["password"] = failure(lambda: pymysql.connect(**wrong))
    told["authority"] = failure(lambda: pymysql.connect(**ACCOUNT, ssl=ssl.create_default_context()))
    # What it does where nothing is said: TLS that checks nobody's certificate.
    told["unchecked"] = failure(lambda: pymysql.connect(**ACCOUNT))
    return told
