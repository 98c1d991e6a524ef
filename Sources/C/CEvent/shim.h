// libevent: the loop, buffered sockets, listeners, TLS.
// glibc's headers come first: libevent's define _GNU_SOURCE, which would give fd_set two definitions.
#pragma once
#include <sys/types.h>
#include <sys/select.h>
#include <sys/time.h>
#include <sys/socket.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <netinet/tcp.h>
#include <unistd.h>
#include <pthread.h>
#include <stdint.h>
#include <event2/event.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/listener.h>
#include <event2/util.h>

// eventfd(2) is not visible to Swift.
static inline int cevent_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }
static inline void cevent_eventfd_signal(int fd) { uint64_t one = 1; ssize_t n = write(fd, &one, sizeof one); (void)n; }
static inline void cevent_eventfd_clear(int fd) { uint64_t value; ssize_t n = read(fd, &value, sizeof value); (void)n; }

// pthread_setname_np(3) needs _GNU_SOURCE, which Swift's view of glibc lacks. At most 15 bytes.
int pthread_setname_np(pthread_t thread, const char *name);
static inline int cevent_name_thread(const char *name) { return pthread_setname_np(pthread_self(), name); }

// Sockets with numeric addresses. Here rather than in Swift: whether sockaddr_storage and SOCK_NONBLOCK belong to
// Glibc or to this module depends there on the order of imports.
static inline int cevent_parse_address(
    const char *host, int is_v6, uint16_t port, struct sockaddr_storage *address, socklen_t *length) {
    memset(address, 0, sizeof *address);
    if (is_v6) {
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(port);
        *length = sizeof *v6;
        return inet_pton(AF_INET6, host, &v6->sin6_addr) == 1;
    }
    struct sockaddr_in *v4 = (struct sockaddr_in *)address;
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    *length = sizeof *v4;
    return inet_pton(AF_INET, host, &v4->sin_addr) == 1;
}

// A bound TCP socket, whose accepted ones inherit TCP_NODELAY. -1 with errno; -2 when the host is no address.
static inline int cevent_bind(const char *host, int is_v6, uint16_t port, int shared) {
    struct sockaddr_storage address;
    socklen_t length;
    if (!cevent_parse_address(host, is_v6, port, &address, &length)) return -2;
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;
    if (fd < 0) return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (shared) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address, length) == 0) return fd;
    int failure = errno;
    close(fd);
    errno = failure;
    return -1;
}

// The port a socket is bound to.
static inline uint16_t cevent_port(int fd) {
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &length) != 0) return 0;
    // It lies at the same place in sockaddr_in and sockaddr_in6.
    return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

// accept4(2) needs _GNU_SOURCE too; declared by its symbol, since glibc's own prototype differs with that macro.
int cevent_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags) __asm__("accept4");

// The next connection, non-blocking, and its client's address as text; -1 with errno.
static inline int cevent_accept(int listener, char peer[46]) {
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    int fd = cevent_accept4(listener, (struct sockaddr *)&address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return fd;
    int is_v6 = address.ss_family == AF_INET6;
    const void *host = is_v6 ? (const void *)&((struct sockaddr_in6 *)&address)->sin6_addr
                             : (const void *)&((struct sockaddr_in *)&address)->sin_addr;
    if (!inet_ntop(address.ss_family, host, peer, 46)) peer[0] = 0;
    return fd;
}

// Three pieces in one system call, without SIGPIPE. -1 with errno as sendmsg(2).
static inline ssize_t cevent_send(
    int fd, const void *a, size_t a_count, const void *b, size_t b_count, const void *c, size_t c_count) {
    struct iovec pieces[3] = {{(void *)a, a_count}, {(void *)b, b_count}, {(void *)c, c_count}};
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = 3};
    return sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}
