#!/bin/sh
# Makes localhost.pem and localhost.key: a self-signed certificate for tests, valid for 100 years.
#
# Run it in this folder, with OpenSSL 3. The files are committed, so tests need no tool; nothing but the
# tests may ever trust this certificate, for its key is public.
set -eu
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 -days 36500 \
  -subj "/CN=localhost" \
  -addext "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1" \
  -addext "basicConstraints=critical,CA:FALSE" \
  -addext "keyUsage=critical,digitalSignature" \
  -addext "extendedKeyUsage=serverAuth" \
  -keyout localhost.key -out localhost.pem
