#include "tests/lab/serve.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "scanner/base/container.h"
#include "scanner/base/memory.h"
#include "tests/lab/cert_store.h"
#include "tests/lab/counters.h"
#include "tests/lab/dns_server.h"
#include "tests/lab/https_server.h"
#include "tests/lab/listener.h"
#include "tests/lab/loop.h"
#include "tests/lab/smtp_server.h"
#include "tests/lab/tls_server.h"

#define PROCESSES_MAX 64
#define WATCH_MS      20 /* between two looks whether all processes are ready */
/* Where --base-port auto looks: below the ephemeral ports of Linux (32768 and up). */
#define PORT_FIRST   20000
#define PORT_STEP    10
#define PORT_CHOICES 1200

struct lab {
    const struct world *world;
    const struct serve_options *options;
    struct address_ports ports;
    struct cert_store *certs;
    struct counters *counters;
    pid_t children[PROCESSES_MAX + 1];
    unsigned running;
};

static void complain(const char *what, const char *why)
{
    (void)fprintf(stderr, "mxlab: %s: %s\n", what, why);
}

static void path_of(const struct lab *lab, const char *file, char out[1024])
{
    (void)snprintf(out, 1024, "%s/%s", lab->options->dir, file);
}

/* Whole or not at all. */
static bool write_file(const struct lab *lab, const char *name, struct span text)
{
    char path[1024];
    char part[1040];
    path_of(lab, name, path);
    (void)snprintf(part, sizeof(part), "%s.part", path);
    FILE *file = fopen(part, "w");
    bool ok = file != NULL && fwrite(text.at, 1, text.len, file) == text.len;
    ok = (file == NULL || fclose(file) == 0) && ok && rename(part, path) == 0;
    if (!ok) {
        complain(path, strerror(errno));
    }
    return ok;
}

/* ---- one process ---- */

struct stopper {
    struct source source;
    struct loop *loop;
};

static void on_signal(struct source *source, uint32_t events)
{
    (void)events;
    CONTAINER_OF(source, struct stopper, source)->loop->stop = true;
}

static sigset_t stop_signals(void)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    return set;
}

/* The name server has a process of its own: its answers do not wait behind handshakes. */
static bool start_name_server(const struct lab *lab, struct loop *loop)
{
    if (dns_server_new(loop, lab->options->device, lab->ports.dns, lab->options->latency_ms,
                       lab->world, lab->certs, lab->counters) == NULL) {
        complain("the name server's port", strerror(errno));
        return false;
    }
    return true;
}

static bool start_mail_servers(const struct lab *lab, struct loop *loop, struct tls_server *tls,
                               struct session_list *sessions)
{
    const struct address_ports *ports = &lab->ports;
    unsigned processes = lab->options->processes;
    uint32_t latency = lab->options->latency_ms;
    uint32_t answer = latency > lab->options->answer_ms ? latency : lab->options->answer_ms;
    const char *device = lab->options->device;
    const struct smtp_server_params mail[] = {
        {device, ports->smtp, 25, false, latency, answer, processes, sessions},
        {device, ports->smtps, 465, true, latency, answer, processes, sessions},
        {device, ports->submission, 587, false, latency, answer, processes, sessions},
    };
    for (size_t i = 0; i < sizeof(mail) / sizeof(mail[0]); i++) {
        if (smtp_server_new(loop, &mail[i], lab->world, tls, lab->counters) == NULL) {
            complain("a mail server's port", strerror(errno));
            return false;
        }
    }
    const struct https_server_params policies = {device, ports->https, latency, processes};
    if (https_server_new(loop, &policies, lab->world, tls, lab->counters) == NULL) {
        complain("the policy hosts' port", strerror(errno));
        return false;
    }
    return true;
}

/* What is still open at the end goes with the process. */
static int run_process(const struct lab *lab, pid_t parent, bool names)
{
    struct loop *loop = memory_new(1, sizeof(*loop));
    struct stopper stopper = {.loop = loop};
    struct session_list sessions = {0};
    sigset_t signals = stop_signals();
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &signals, NULL);
    if (getppid() != parent || !loop_init(loop)) {
        return 1;
    }
    stopper.source = (struct source){signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC), on_signal};
    struct tls_server *tls = tls_server_new(lab->certs);
    if (!loop_add(loop, &stopper.source, EPOLLIN) ||
        !(names ? start_name_server(lab, loop) : start_mail_servers(lab, loop, tls, &sessions))) {
        return 1;
    }
    (void)counters_ready(lab->counters);
    loop_run(loop);
    return 0;
}

/* ---- the parent ---- */

static bool start_processes(struct lab *lab)
{
    pid_t self = getpid();
    for (unsigned i = 0; i <= lab->options->processes; i++) {
        pid_t child = fork();
        if (child == 0) {
            _exit(run_process(lab, self, i == 0));
        }
        if (child < 0) {
            complain("fork", strerror(errno));
            return false;
        }
        lab->children[lab->running++] = child;
    }
    return true;
}

static void stop_processes(struct lab *lab)
{
    for (unsigned i = 0; i < lab->running; i++) {
        (void)kill(lab->children[i], SIGTERM);
    }
    for (unsigned i = 0; i < lab->running; i++) {
        (void)waitpid(lab->children[i], NULL, 0);
    }
    lab->running = 0;
}

static bool a_process_ended(struct lab *lab)
{
    for (unsigned i = 0; i < lab->running; i++) {
        if (waitpid(lab->children[i], NULL, WNOHANG) == lab->children[i]) {
            lab->children[i] = lab->children[--lab->running];
            return true;
        }
    }
    return false;
}

/* Waits for a stop signal. @return false when none came within `ms`. */
static bool stop_asked(const sigset_t *signals, int ms)
{
    struct timespec wait = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    return sigtimedwait(signals, NULL, &wait) > 0;
}

static bool announce(const struct lab *lab)
{
    const struct address_ports *p = &lab->ports;
    struct buf text = BUF_INIT(BUF_NO_LIMIT);
    char *dir = realpath(lab->options->dir, NULL); /* clients may stand elsewhere */
    CHECK(dir != NULL);
    if (lab->options->device == NULL) {
        address_options(&text, p);
    }
    buf_putf(&text, "--root-cas=lab=%s/roots.pem\n", dir);
    free(dir);
    bool ok = write_file(lab, "options", buf_span(&text));
    buf_reset(&text);
    buf_putf(&text,
             "pid %d\ndns-port %u\nsmtp-port %u\nsmtps-port %u\nsubmission-port %u\n"
             "https-port %u\nclosed-port %u\nsilent-port %u\n",
             (int)getpid(), p->dns, p->smtp, p->smtps, p->submission, p->https, p->closed,
             p->silent);
    ok = ok && write_file(lab, "ready", buf_span(&text));
    buf_deinit(&text);
    return ok;
}

static int watch(struct lab *lab)
{
    sigset_t signals = stop_signals();
    bool announced = false;
    for (;;) {
        if (stop_asked(&signals, announced ? 500 : WATCH_MS)) {
            return 0;
        }
        if (a_process_ended(lab)) {
            complain("a process", "ended early");
            return 1;
        }
        if (!announced && counters_ready_count(lab->counters) == lab->options->processes + 1) {
            if (!announce(lab)) {
                return 1;
            }
            announced = true;
        }
    }
}

/* A port that refuses: bound, so that nobody else listens there, and not listened on. */
static bool reserve_ports(const struct address_ports *ports)
{
    int fd = listener_closed(ports->closed);
    if (fd < 0) {
        complain("the closed port", strerror(errno));
        return false;
    }
    if (!listener_silent(ports->silent)) {
        complain("the silent port", strerror(errno));
        return false;
    }
    return true;
}

/* Ports are shared by SO_REUSEPORT: without this look, a second lab would get half of the first
 * one's connections. */
static bool is_free(uint16_t port)
{
    int tcp = listener_closed(port);
    if (tcp >= 0) {
        (void)close(tcp);
    }
    return tcp >= 0;
}

static bool are_free(const struct address_ports *p)
{
    return is_free(p->dns) && is_free(p->smtp) && is_free(p->smtps) && is_free(p->submission) &&
           is_free(p->https) && is_free(p->closed) && is_free(p->silent);
}

void serve_ports_from(uint16_t base, struct address_ports *ports)
{
    *ports = (struct address_ports){
        .dns = base,
        .smtp = (uint16_t)(base + 1),
        .smtps = (uint16_t)(base + 2),
        .submission = (uint16_t)(base + 3),
        .closed = (uint16_t)(base + 4),
        .silent = (uint16_t)(base + 5),
        .https = (uint16_t)(base + 6),
    };
}

/* Looks for free ports from a place that differs from process to process. */
static bool choose_ports(struct address_ports *ports)
{
    for (unsigned i = 0; i < PORT_CHOICES; i++) {
        unsigned place = ((unsigned)getpid() * 7 + i) % PORT_CHOICES;
        serve_ports_from((uint16_t)(PORT_FIRST + place * PORT_STEP), ports);
        if (are_free(ports)) {
            return true;
        }
    }
    return false;
}

static bool settle_ports(struct address_ports *ports)
{
    bool given = ports->dns != 0;
    if (given ? are_free(ports) : choose_ports(ports)) {
        return true;
    }
    complain("ports", given ? "in use already, by another lab?" : "no free ones found");
    return false;
}

static void raise_descriptor_limit(void)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) == 0) {
        r.rlim_cur = r.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &r);
    }
}

static bool prepare(struct lab *lab)
{
    char path[1024];
    struct buf error = BUF_INIT(BUF_NO_LIMIT);
    const struct serve_options *o = lab->options;
    if (!settle_ports(&lab->ports)) {
        return false;
    }
    if (mkdir(o->dir, 0777) != 0 && errno != EEXIST) {
        complain(o->dir, strerror(errno));
        return false;
    }
    path_of(lab, "ready", path);
    (void)unlink(path);
    if (!world_save(lab->world, o->dir)) {
        complain(o->dir, strerror(errno));
        return false;
    }
    path_of(lab, "keys.pem", path);
    lab->certs =
        cert_store_open(o->keys_path != NULL ? o->keys_path : path, lab->world->now, &error);
    if (lab->certs == NULL) {
        (void)fprintf(stderr, "mxlab: %.*s\n", (int)error.len, (const char *)error.at);
        buf_deinit(&error);
        return false;
    }
    path_of(lab, "roots.pem", path);
    if (!cert_store_write_roots(lab->certs, path, false)) {
        complain(path, strerror(errno));
        return false;
    }
    path_of(lab, "roots-fewer.pem", path);
    if (!cert_store_write_roots(lab->certs, path, true)) {
        complain(path, strerror(errno));
        return false;
    }
    lab->counters = counters_create(o->dir, lab->world->domains);
    if (lab->counters == NULL) {
        complain(o->dir, strerror(errno));
        return false;
    }
    return lab->options->device != NULL || reserve_ports(&lab->ports);
}

int serve(const struct world *w, const struct serve_options *options)
{
    struct lab lab = {.world = w, .options = options, .ports = options->ports};
    sigset_t signals = stop_signals();
    char path[1024];
    int code = 1;
    CHECK(options->processes >= 1 && options->processes <= PROCESSES_MAX);
    if (options->with_parent) {
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    }
    raise_descriptor_limit();
    if (prepare(&lab)) {
        (void)sigprocmask(SIG_BLOCK, &signals, NULL);
        code = start_processes(&lab) ? watch(&lab) : 1;
    }
    stop_processes(&lab);
    path_of(&lab, "ready", path);
    (void)unlink(path);
    counters_close(lab.counters);
    cert_store_close(lab.certs);
    return code;
}
