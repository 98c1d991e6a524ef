// OpenSSL 3: digests, HMAC, AES-256-GCM, Ed25519, random bytes, TLS.
#pragma once
#include <sys/types.h>
#include <sys/select.h>
#include <sys/time.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
