#include <criterion/criterion.h>

#include "scanner/fetch/aia_url.h"

/* RFC 5280 section 4.2.2.1 and RFC 3986. */
static const struct row {
    const char *url;
    enum issuer_refusal refused;
    const char *host;
    const char *path;
} rows[] = {
    {"http://r10.i.lencr.org/", ISSUER_REFUSAL_NONE, "r10.i.lencr.org", "/"},
    {"http://cacerts.digicert.com/A%20CA.crt", ISSUER_REFUSAL_NONE, "cacerts.digicert.com",
     "/A%20CA.crt"},
    {"HTTP://CA.Example.Test/a", ISSUER_REFUSAL_NONE, "CA.Example.Test", "/a"},
    {"http://ca.example.test", ISSUER_REFUSAL_NONE, "ca.example.test", ""},
    {"http://ca.example.test?a=b", ISSUER_REFUSAL_NONE, "ca.example.test", "?a=b"},
    {"http://ca.example.test:80/a:b@c", ISSUER_REFUSAL_NONE, "ca.example.test", "/a:b@c"},
    {"http://ca.example.test:/a", ISSUER_REFUSAL_NONE, "ca.example.test", "/a"},
    {"https://ca.example.test/a", ISSUER_REFUSAL_SCHEME, NULL, NULL},
    {"ldap://ca.example.test/a", ISSUER_REFUSAL_SCHEME, NULL, NULL},
    {"file:///etc/passwd", ISSUER_REFUSAL_SCHEME, NULL, NULL},
    {"http:/ca.example.test", ISSUER_REFUSAL_SCHEME, NULL, NULL},
    {"ca.example.test/a", ISSUER_REFUSAL_SCHEME, NULL, NULL},
    {"http://ca.example.test:8080/a", ISSUER_REFUSAL_PORT, NULL, NULL},
    {"http://ca.example.test:080/a", ISSUER_REFUSAL_PORT, NULL, NULL},
    {"http://ca.example.test:80:80/a", ISSUER_REFUSAL_PORT, NULL, NULL},
    {"http://user@ca.example.test/a", ISSUER_REFUSAL_HOST, NULL, NULL},
    {"http://ca.example.test:80@127.0.0.1/a", ISSUER_REFUSAL_HOST, NULL, NULL},
    {"http://[::1]/a", ISSUER_REFUSAL_HOST, NULL, NULL},
    {"http://ca]example.test/a", ISSUER_REFUSAL_HOST, NULL, NULL},
    {"http://ca%2eexample.test/a", ISSUER_REFUSAL_HOST, NULL, NULL},
    {"http:///a", ISSUER_REFUSAL_HOST, NULL, NULL},
    {"http://", ISSUER_REFUSAL_HOST, NULL, NULL},
    {"", ISSUER_REFUSAL_TEXT, NULL, NULL},
    {"http://ca.example.test/a b", ISSUER_REFUSAL_TEXT, NULL, NULL},
    {"http://ca.example.test/a\r\nHost: x", ISSUER_REFUSAL_TEXT, NULL, NULL},
    {"http://ca.example.test/\xc3\xa4", ISSUER_REFUSAL_TEXT, NULL, NULL},
    {"http://ca.example.test\\@127.0.0.1/", ISSUER_REFUSAL_TEXT, NULL, NULL},
    {"http://ca.example.test#a", ISSUER_REFUSAL_TEXT, NULL, NULL},
};

Test(aia_url, http_at_port_80_of_a_host_by_name)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct aia_url u = {{0}, {0}};
        enum issuer_refusal got = aia_url_read(span_of(rows[i].url), &u);
        cr_expect_eq(got, rows[i].refused, "%s: %d", rows[i].url, got);
        if (got == ISSUER_REFUSAL_NONE) {
            cr_expect(span_eq(u.host, span_of(rows[i].host)), "%s", rows[i].url);
            cr_expect(span_eq(u.path, span_of(rows[i].path)), "%s", rows[i].url);
        }
    }
}

Test(aia_url, has_a_longest_form)
{
    char url[AIA_URL_MAX + 2] = "http://ca.example.test/";
    struct aia_url u;
    memset(url + strlen(url), 'a', sizeof(url) - 1 - strlen(url));
    url[AIA_URL_MAX + 1] = '\0';
    cr_expect_eq(aia_url_read(span_of(url), &u), ISSUER_REFUSAL_TEXT);
    url[AIA_URL_MAX] = '\0';
    cr_expect_eq(aia_url_read(span_of(url), &u), ISSUER_REFUSAL_NONE);
}
