// libcurl: the HTTP client, and mail. Variadic functions are not imported by Swift, so each shape gets a typed wrapper.
#pragma once
#include <sys/types.h>
#include <sys/select.h>
#include <sys/time.h>
#include <netdb.h>
#include <curl/curl.h>

static inline CURLcode ccurl_set_long(CURL *h, CURLoption o, long v) { return curl_easy_setopt(h, o, v); }
static inline CURLcode ccurl_set_offset(CURL *h, CURLoption o, curl_off_t v) { return curl_easy_setopt(h, o, v); }
static inline CURLcode ccurl_set_string(CURL *h, CURLoption o, const char *v) { return curl_easy_setopt(h, o, v); }
static inline CURLcode ccurl_set_pointer(CURL *h, CURLoption o, const void *v) { return curl_easy_setopt(h, o, v); }
static inline CURLcode ccurl_set_list(CURL *h, CURLoption o, struct curl_slist *v) { return curl_easy_setopt(h, o, v); }
typedef size_t (*ccurl_data_callback)(char *bytes, size_t size, size_t count, void *context);
static inline CURLcode ccurl_set_data_callback(CURL *h, CURLoption o, ccurl_data_callback f) { return curl_easy_setopt(h, o, f); }
typedef int (*ccurl_socket_callback)(CURL *h, curl_socket_t s, int what, void *context, void *socket_context);
static inline CURLMcode ccurl_multi_set_socket_callback(CURLM *m, ccurl_socket_callback f) { return curl_multi_setopt(m, CURLMOPT_SOCKETFUNCTION, f); }
typedef int (*ccurl_timer_callback)(CURLM *m, long timeout_ms, void *context);
static inline CURLMcode ccurl_multi_set_timer_callback(CURLM *m, ccurl_timer_callback f) { return curl_multi_setopt(m, CURLMOPT_TIMERFUNCTION, f); }
static inline CURLMcode ccurl_multi_set_pointer(CURLM *m, CURLMoption o, void *v) { return curl_multi_setopt(m, o, v); }
static inline CURLMcode ccurl_multi_set_long(CURLM *m, CURLMoption o, long v) { return curl_multi_setopt(m, o, v); }
static inline CURLcode ccurl_get_long(CURL *h, CURLINFO i, long *v) { return curl_easy_getinfo(h, i, v); }
static inline CURLcode ccurl_get_offset(CURL *h, CURLINFO i, curl_off_t *v) { return curl_easy_getinfo(h, i, v); }
static inline CURLcode ccurl_get_string(CURL *h, CURLINFO i, char **v) { return curl_easy_getinfo(h, i, v); }
static inline CURLcode ccurl_get_pointer(CURL *h, CURLINFO i, void **v) { return curl_easy_getinfo(h, i, v); }
static inline CURLcode ccurl_get_socket(CURL *h, CURLINFO i, curl_socket_t *v) { return curl_easy_getinfo(h, i, v); }
typedef int (*ccurl_close_callback)(void *context, curl_socket_t s);
static inline CURLcode ccurl_set_close_callback(CURL *h, ccurl_close_callback f) { return curl_easy_setopt(h, CURLOPT_CLOSESOCKETFUNCTION, f); }
typedef int (*ccurl_socket_option_callback)(void *context, curl_socket_t s, curlsocktype purpose);
static inline CURLcode ccurl_set_socket_option_callback(CURL *h, ccurl_socket_option_callback f) { return curl_easy_setopt(h, CURLOPT_SOCKOPTFUNCTION, f); }
typedef curl_socket_t (*ccurl_open_socket_callback)(void *context, curlsocktype purpose, struct curl_sockaddr *address);
static inline CURLcode ccurl_set_open_socket_callback(CURL *h, ccurl_open_socket_callback f) { return curl_easy_setopt(h, CURLOPT_OPENSOCKETFUNCTION, f); }
// The address in numbers; curl's struct goes on behind its end.
static inline int ccurl_address_text(const struct curl_sockaddr *a, char *text, size_t length) { return getnameinfo(&a->addr, a->addrlen, text, (socklen_t)length, NULL, 0, NI_NUMERICHOST); }
