#include "tests/unit/analysis/made_up.h"

#include <string.h>

#include <criterion/criterion.h>

size_t made_endpoints_fill(struct endpoint_brief *to, const struct made_endpoint *from)
{
    size_t count = 0;
    while (count < MADE_ENDPOINTS && from[count].there) {
        const uint8_t octets[4] = {192, 0, 2, (uint8_t)(count + 1)};
        to[count] = (struct endpoint_brief){
            .address = net_addr_v4(octets),
            .port = from[count].port != 0 ? from[count].port : MADE_PORT_DEFAULT,
            .outcome = (uint8_t)from[count].outcome,
            .not_tested = (uint8_t)from[count].not_tested,
            .inherited = from[count].inherited,
            .starttls = (uint8_t)from[count].starttls,
            .tls_version = from[count].tls_version,
            .chain = {.status = (uint8_t)from[count].chain},
            .name_match = (uint8_t)from[count].name_match,
            .sni = (uint8_t)from[count].sni,
            .sni_acceptable = (uint8_t)from[count].sni_acceptable,
            .no_sni_outcome = (uint8_t)from[count].no_sni,
        };
        memset(to[count].leaf_sha256, from[count].leaf, sizeof(to[count].leaf_sha256));
        if (from[count].address != NULL) {
            cr_assert(net_addr_parse(span_of(from[count].address), &to[count].address));
        }
        count++;
    }
    return count;
}

void made_domain_fill(struct made_domain *d, enum mx_kind kind, enum dns_state state,
                      const struct made_mx *mx)
{
    *d = (struct made_domain){.seen = {
                                  .input_line = 7,
                                  .input = SPAN_LIT("Example.COM"),
                                  .domain = SPAN_LIT("example.com"),
                                  .registrable = SPAN_LIT("example.com"),
                                  .tld = SPAN_LIT("com"),
                                  .mx_kind = kind,
                                  .mx_dns = {.state = (uint8_t)state, .ede = -1},
                              }};
    size_t count = 0;
    while (count < MADE_MX_MAX && mx[count].exchange != NULL) {
        d->mx[count] = (struct seen_mx){
            .preference = mx[count].preference,
            .exchange = span_of(mx[count].exchange),
            .host = span_of(mx[count].unusable != NULL ? "" : mx[count].exchange),
            .unusable = mx[count].unusable,
            .name_kind = (uint8_t)mx[count].name_kind,
            .a_state = (uint8_t)mx[count].a,
            .aaaa_state = (uint8_t)mx[count].aaaa,
            .blocklisted = mx[count].blocklisted,
            .endpoints = d->endpoints[count],
            .endpoint_count = made_endpoints_fill(d->endpoints[count], mx[count].endpoints),
        };
        d->seen.null_mx_beside = d->seen.null_mx_beside ||
                                 (strcmp(mx[count].exchange, ".") == 0 && mx[1].exchange != NULL);
        count++;
    }
    d->seen.mx = d->mx;
    d->seen.mx_count = count;
    d->seen.mx_total = count;
}
