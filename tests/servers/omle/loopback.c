/* Preloaded into omle-server, which binds every interface and has no option for it: a wildcard becomes loopback.
 *
 * Nothing else of the server is changed. IPv4 goes to 127.0.0.1; an IPv6 socket, as gRPC opens one for both families,
 * goes to the same address in IPv6 clothes, and where the socket takes IPv6 only, to ::1.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

typedef int (*binder)(int, const struct sockaddr *, socklen_t);

static const struct in6_addr MAPPED = {{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1}}};

int bind(int fd, const struct sockaddr *address, socklen_t length)
{
    binder next = (binder)dlsym(RTLD_NEXT, "bind");
    if (address != NULL && address->sa_family == AF_INET && length >= sizeof(struct sockaddr_in)) {
        struct sockaddr_in four;
        memcpy(&four, address, sizeof four);
        if (four.sin_addr.s_addr == htonl(INADDR_ANY))
            four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return next(fd, (struct sockaddr *)&four, sizeof four);
    }
    if (address != NULL && address->sa_family == AF_INET6 && length >= sizeof(struct sockaddr_in6)) {
        struct sockaddr_in6 six;
        memcpy(&six, address, sizeof six);
        if (IN6_IS_ADDR_UNSPECIFIED(&six.sin6_addr)) {
            int only = 0;
            socklen_t size = sizeof only;
            getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, &size);
            six.sin6_addr = only ? in6addr_loopback : MAPPED;
        }
        return next(fd, (struct sockaddr *)&six, sizeof six);
    }
    return next(fd, address, length);
}
