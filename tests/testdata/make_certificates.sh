#!/bin/sh
# Makes two self-signed certificates for tests, valid for 100 years: localhost.pem, and renewed.pem for the same names
# to replace it with, each with its key.
#
# Run it in this folder, with OpenSSL 3. The files are committed, so tests need no tool; nothing but the
# tests may ever trust these certificates, for their keys are public.
set -eu
for name in localhost renewed; do
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 -days 36500 \
    -subj "/CN=localhost" \
    -addext "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1" \
    -addext "basicConstraints=critical,CA:FALSE" \
    -addext "keyUsage=critical,digitalSignature" \
    -addext "extendedKeyUsage=serverAuth" \
    -keyout "$name.key" -out "$name.pem"
done
