"""Sends mails: in the clear, and after STARTTLS with a password."""

import email.message
import os
import smtplib
import ssl

HOST, SMTP, SMTP_TLS = os.environ["HOST"], int(os.environ["SMTP"]), int(os.environ["SMTP_TLS"])


def mail(subject):
    message = email.message.EmailMessage()
    message["From"], message["To"], message["Subject"] = "action@example.com", "ada@example.com", subject
    message.set_content("Grüße,\n.\nthe action\n")
    message.add_attachment(b"\x00\x01\x02" * 20_000, maintype="application", subtype="octet-stream", filename="data")
    return message


def main():
    told = {}
    context = ssl.create_default_context(cafile="/action/ca.pem")
    with smtplib.SMTP(HOST, SMTP, timeout=10) as server:
        told["plain"] = server.send_message(mail("1 plain"))
    with smtplib.SMTP(HOST, SMTP_TLS, timeout=10) as server:
        try:
            server.send_message(mail("never"))
        except smtplib.SMTPException as error:
            told["without TLS"] = error.smtp_code
        server.starttls(context=context)
        told["TLS"] = server.sock.version()
        try:
            server.login("ada", "wrong")
        except smtplib.SMTPAuthenticationError as error:
            told["wrong"] = error.smtp_code
        told["login"] = server.login("ada", "lovelace")[0]
        told["secure"] = server.send_message(mail("2 secure"))
    with smtplib.SMTP(HOST, SMTP_TLS, timeout=10) as server:
        try:
            server.starttls(context=ssl.create_default_context())
        except ssl.SSLCertVerificationError as error:
            told["authority"] = error.verify_code
    return told
