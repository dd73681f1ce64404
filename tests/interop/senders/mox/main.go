// Sends one message to each recipient on standard input with the queue of mox, as `mox serve` runs it,
// and ends when each has been tried once. The log of mox goes to standard error.
//
//	judge-mox CONFIG/mox.conf SENDER-ACCOUNT SENDER-ADDRESS < recipients
package main

import (
	"bufio"
	"context"
	"log"
	"os"
	"time"

	"github.com/mjl-/mox/dns"
	"github.com/mjl-/mox/mlog"
	mox "github.com/mjl-/mox/mox-"
	"github.com/mjl-/mox/mtastsdb"
	"github.com/mjl-/mox/queue"
	"github.com/mjl-/mox/smtp"
	"github.com/mjl-/mox/store"
	"github.com/mjl-/mox/tlsrptdb"
)

const look = 200 * time.Millisecond // between two looks whether all were tried

func check(err error, what string) {
	if err != nil {
		log.Fatalf("%s: %v", what, err)
	}
}

func path(address string) smtp.Path {
	a, err := smtp.ParseAddress(address)
	check(err, address)
	return smtp.Path{Localpart: a.Localpart, IPDomain: dns.IPDomain{Domain: a.Domain}}
}

func start() chan struct{} {
	mox.Context = context.Background()
	mox.Shutdown, mox.ShutdownCancel = context.WithCancel(mox.Context)
	mox.MustLoadConfig(true, false)
	check(store.Init(mox.Context), "accounts")
	check(mtastsdb.Init(false), "policies")
	check(tlsrptdb.Init(), "reports")
	store.Switchboard()
	done := make(chan struct{}, 3)
	check(queue.Start(dns.StrictResolver{Pkg: "queue"}, done), "queue")
	return done
}

func add(logger mlog.Log, account string, from smtp.Path, to string) {
	text := "Subject: judge\r\n\r\nOne line.\r\n"
	file, err := store.CreateMessageTemp(logger, "queue")
	check(err, "message")
	defer store.CloseRemoveTempFile(logger, file, "message")
	_, err = file.WriteString(text)
	check(err, "message")
	m := queue.MakeMsg(from, path(to), false, false, int64(len(text)), "<"+to+">", nil, nil, time.Now(), "judge")
	check(queue.Add(mox.Context, logger, account, file, m), to)
}

// Those that failed stay in the queue, to be tried again.
func allTried() bool {
	messages, err := queue.List(mox.Context, queue.Filter{}, queue.Sort{})
	check(err, "queue")
	for _, m := range messages {
		if len(m.Results) == 0 || m.LastResult().Duration == 0 { // not begun, not ended
			return false
		}
	}
	return true
}

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: judge-mox CONFIG ACCOUNT SENDER")
	}
	mox.ConfigStaticPath = os.Args[1]
	start()
	logger := mlog.New("judge", nil)
	from := path(os.Args[3])
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		add(logger, os.Args[2], from, lines.Text())
	}
	for !allTried() {
		time.Sleep(look)
	}
}
