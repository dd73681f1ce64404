/*
 * Mail servers and policy hosts for tests of floods, one process per connection:
 *
 *     flood_server KEY CHAIN SMTP_PORT HTTPS_PORT
 *
 * The third octet of the address that is dialled says what the server does: 0 answers as it should, the others
 * flood. Runs until it is killed, prints "ready" before.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/ssl.h>

#define CONNECTION_MAX_S 60 /* no flood outlives it */

enum role {
    GOOD,
    KEY_UPDATES,    /* behind the handshake, RFC 8446 section 4.6.3 */
    HELLO_REQUESTS, /* the same, RFC 5246 section 7.4.1.1 */
    TICKETS,        /* the same, RFC 8446 section 4.6.1 */
    NO_HELLO,       /* HelloRequests instead of a ServerHello */
    TEXT,           /* in place of the first answer */
    SILENT,         /* after TCP */
};

static SSL_CTX *context;

static bool put(int fd, SSL *ssl, const char *text)
{
    size_t len = strlen(text);
    return ssl != NULL ? SSL_write(ssl, text, (int)len) == (int)len
                       : send(fd, text, len, MSG_NOSIGNAL) == (ssize_t)len;
}

/* A line, or all up to an empty one. */
static bool hear(int fd, SSL *ssl, const char *end)
{
    char octets[4096];
    size_t len = 0;
    while (len < sizeof(octets) - 1) {
        ssize_t n = ssl != NULL ? SSL_read(ssl, octets + len, 1) : recv(fd, octets + len, 1, 0);
        if (n <= 0) {
            return false;
        }
        octets[++len] = '\0';
        if (len >= strlen(end) && strcmp(octets + len - strlen(end), end) == 0) {
            return true;
        }
    }
    return false;
}

static void flood(int fd, const char *unit, size_t unit_len)
{
    static char block[65536];
    size_t len = 0;
    while (len + unit_len <= sizeof(block)) {
        memcpy(block + len, unit, unit_len);
        len += unit_len;
    }
    while (send(fd, block, len, MSG_NOSIGNAL) == (ssize_t)len) {
    }
}

/* Many messages for each write(2): as much as the other side can take. */
static void flood_in_tls(int fd, SSL *ssl, enum role role)
{
    BIO *out = BIO_new(BIO_s_mem());
    SSL_set0_wbio(ssl, out);
    for (;;) {
        char *at = NULL;
        while (BIO_get_mem_data(out, &at) < 65536) {
            bool asked = role == KEY_UPDATES
                             ? SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED) == 1
                         : role == TICKETS ? SSL_new_session_ticket(ssl) == 1
                                           : SSL_renegotiate(ssl) == 1;
            if (!asked || SSL_do_handshake(ssl) != 1) {
                break;
            }
        }
        long len = BIO_get_mem_data(out, &at);
        if (len <= 0 || send(fd, at, (size_t)len, MSG_NOSIGNAL) != len) {
            return;
        }
        (void)BIO_reset(out);
    }
}

static SSL *accept_tls(int fd, enum role role)
{
    if (role == NO_HELLO) {
        char hello[4096];
        (void)recv(fd, hello, sizeof(hello), 0);
        flood(fd, "\x16\x03\x03\0\4\0\0\0\0", 9);
        return NULL;
    }
    SSL *ssl = SSL_new(context);
    if (role == HELLO_REQUESTS) {
        (void)SSL_set_max_proto_version(ssl, TLS1_2_VERSION);
    }
    return ssl != NULL && SSL_set_fd(ssl, fd) == 1 && SSL_accept(ssl) == 1 ? ssl : NULL;
}

static void serve_mail(int fd, enum role role)
{
    if (role == TEXT) {
        flood(fd, "220 mx.test ESMTP\r\n", 19);
        return;
    }
    SSL *ssl = NULL;
    if (!put(fd, NULL, "220 mx.test ESMTP\r\n") || !hear(fd, NULL, "\r\n") ||
        !put(fd, NULL, "250-mx.test\r\n250 STARTTLS\r\n") || !hear(fd, NULL, "\r\n") ||
        !put(fd, NULL, "220 go\r\n") || (ssl = accept_tls(fd, role)) == NULL) {
        return;
    }
    if (role != GOOD) {
        flood_in_tls(fd, ssl, role);
    } else if (hear(fd, ssl, "\r\n") && put(fd, ssl, "250 mx.test\r\n") && hear(fd, ssl, "\r\n")) {
        (void)put(fd, ssl, "221 bye\r\n");
        (void)SSL_shutdown(ssl);
    }
}

static void serve_policy(int fd, enum role role)
{
    if (role == TEXT) {
        flood(fd, "HTTP/1.1 400 No\r\n\r\n", 19);
        return;
    }
    SSL *ssl = accept_tls(fd, role);
    if (ssl == NULL) {
        return;
    }
    if (role != GOOD) {
        flood_in_tls(fd, ssl, role);
    } else if (hear(fd, ssl, "\r\n\r\n")) {
        (void)put(fd, ssl,
                  "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 69\r\n\r\n"
                  "version: STSv1\nmode: enforce\nmx: *.good.test\nmax_age: 86400\nx: 12345\n");
        (void)SSL_shutdown(ssl);
    }
}

static void serve(int fd, bool mail)
{
    struct sockaddr_in to;
    socklen_t len = sizeof(to);
    if (getsockname(fd, (struct sockaddr *)&to, &len) != 0) {
        return;
    }
    enum role role = (enum role)(ntohl(to.sin_addr.s_addr) >> 8 & 0xff);
    (void)alarm(CONNECTION_MAX_S);
    if (role != GOOD) { /* elsewhere in the world, and not on the machine that scans */
        (void)setpriority(PRIO_PROCESS, 0, 19);
    }
    if (role == SILENT) {
        pause();
    } else if (mail) {
        serve_mail(fd, role);
    } else {
        serve_policy(fd, role);
    }
    (void)shutdown(fd, SHUT_WR);
    char rest[4096];
    while (recv(fd, rest, sizeof(rest), 0) > 0) {
    }
}

static int listener_on(const char *port)
{
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)atoi(port)),
                             .sin_addr.s_addr = htonl(INADDR_ANY)};
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    /* A test may have an address of its own, which nobody answers. */
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one));
    if (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 || listen(fd, 4096) != 0) {
        perror(port);
        exit(1);
    }
    return fd;
}

static void accept_on(int listener, bool mail)
{
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0) {
            continue;
        }
        pid_t pid = fork();
        if (pid == 0) {
            (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
            (void)close(listener);
            serve(fd, mail);
            _exit(0);
        }
        (void)close(fd);
    }
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        (void)fprintf(stderr, "flood_server KEY CHAIN SMTP_PORT HTTPS_PORT\n");
        return 2;
    }
    (void)signal(SIGCHLD, SIG_IGN);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    context = SSL_CTX_new(TLS_server_method());
    if (context == NULL || SSL_CTX_use_certificate_chain_file(context, argv[2]) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, argv[1], SSL_FILETYPE_PEM) != 1) {
        (void)fprintf(stderr, "%s, %s: not usable\n", argv[1], argv[2]);
        return 1;
    }
    int mail = listener_on(argv[3]);
    int policy = listener_on(argv[4]);
    (void)printf("ready\n");
    (void)fflush(stdout);
    if (fork() == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        accept_on(policy, false);
    }
    accept_on(mail, true);
    return 0;
}
