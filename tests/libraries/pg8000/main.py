"""Keeps orders in tables: types, transactions, bulk copies and notifications, in the clear and with TLS."""

import datetime
import decimal
import io
import os
import ssl

import pg8000.dbapi
import pg8000.native

PLACE = {"host": os.environ["HOST"], "port": int(os.environ["POSTGRES"]), "timeout": 10}
ACCOUNT = PLACE | {"user": "ada", "password": "lovelace", "database": "postgres"}
AT = datetime.datetime(2026, 11, 30, 12, 0, tzinfo=datetime.timezone.utc)


def orders(connection, table):
    cursor = connection.cursor()
    cursor.execute(f"CREATE TABLE {table} (id serial, name text, price numeric, at timestamptz, tags text[], more jsonb)")
    rows = [(f"order {number}", decimal.Decimal(number) / 4, AT, ["a", "b"], {"n": number}) for number in range(50)]
    cursor.executemany(f"INSERT INTO {table} (name, price, at, tags, more) VALUES (%s, %s, %s, %s, %s)", rows)
    connection.commit()
    cursor.execute(f"DELETE FROM {table}")
    connection.rollback()
    cursor.execute(f"COPY {table} (name, price) FROM STDIN WITH CSV", stream=io.StringIO('"grüße, ada",1.5\n'))
    connection.commit()
    cursor.execute(f"SELECT count(*), sum(price) FROM {table}")
    count, total = cursor.fetchone()
    cursor.execute(f"SELECT name, price, at, tags, more FROM {table} WHERE id = %s", (3,))
    name, price, at, tags, more = cursor.fetchone()
    cursor.execute(f"SELECT name FROM {table} WHERE at IS NULL")
    return [count, str(total), name, str(price), at == AT, tags, more, cursor.fetchone()[0]]


def failure(call):
    try:
        call()
    except pg8000.dbapi.DatabaseError as error:
        return error.args[0]["C"]
    except OSError as error:
        return type(error).__name__
    return None


def main():
    context = ssl.create_default_context(cafile="/action/ca.pem")
    told = {}
    for kind, secure in (("plain", False), ("secure", context)):
        connection = pg8000.dbapi.connect(**ACCOUNT, ssl_context=secure)
        told[kind] = orders(connection, kind)
        connection.close()
    with pg8000.native.Connection(**ACCOUNT, ssl_context=context) as connection:
        told["ssl"] = connection.run("SELECT version, client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        connection.run("LISTEN news")
        connection.run("SELECT pg_notify('news', :text)", text="hello")
        told["news"] = [payload for _, _, payload in connection.notifications]
        told["syntax"] = failure(lambda: connection.run("SELEC 1"))
    wrong = ACCOUNT | {"password": "wrong", "ssl_context": context}
    told["password"] = failure(lambda: pg8000.dbapi.connect(**wrong))
    told["authority"] = failure(lambda: pg8000.dbapi.connect(**ACCOUNT, ssl_context=ssl.create_default_context()))
    # What it does where nothing is said: TLS that checks nobody's certificate.
    told["unchecked"] = failure(lambda: pg8000.dbapi.connect(**ACCOUNT))
    return told
