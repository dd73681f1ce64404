#include <criterion/criterion.h>

#include "scanner/base/net_route.h"

static struct net_addr address(const char *text)
{
    struct net_addr a = {0};
    cr_assert(text == NULL || net_addr_parse(span_of(text), &a), "%s", text);
    return a;
}

/* What e2e/test_weather.py shows with a route that goes away, here as far as loopback shows it. */
Test(net_route, is_what_the_kernel_would_take)
{
    static const struct {
        const char *to;
        const char *from;
        bool exists;
    } cases[] = {
        {"127.0.0.1", NULL, true},
        {"127.0.0.1", "127.0.0.2", true},
        {"127.0.0.1", "::1", true},           /* a source of the other family is none */
        {"255.255.255.255", NULL, false},     /* RFC 919: not for us to send to */
        {"127.0.0.1", "198.51.100.1", false}, /* not our address (RFC 5737) */
        {"ff00::", "2001:db8::1", false},     /* the same (RFC 3849), or no IPv6 at all */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct net_addr to = address(cases[i].to);
        struct net_addr from = address(cases[i].from);
        cr_expect_eq(net_route_exists(&to, &from), cases[i].exists, "%s from %s", cases[i].to,
                     cases[i].from);
    }
}
