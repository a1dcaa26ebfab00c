/*
 * The default configuration of dcp-worker, written by scripts/configuration.mjs.
 *
 * Do not change this file: an update replaces it, and a Worker refuses one that was changed. Say what you want in
 * ~/.dcp/dcp-worker/dcp-config.js or, for all users, in /etc/dcp/dcp-worker/dcp-config.js: an object like this one, with
 * the keys that you change and no others. docs/CONFIGURATION.md tells more.
 *
 * undefined: what the Worker finds right, or what the comment says. "live": SIGHUP puts a change into effect.
 */
{
  worker: {
    cores: {
      // Slices run at the same time. Takes a whole number from 1 to 1024. undefined: all cores of the machine.
      // Live.
      cpu: undefined,
      // Of these, Slices of Jobs that require WebGPU; 0: such Jobs are not taken. Takes a whole number from 0
      // to 1024. undefined: two for each adapter. Live.
      gpu: undefined,
    },
    utilization: {
      // The part of cores.cpu that is used; at least one Sandbox is. Takes a number above 0 up to 1. Live.
      cpu: 1,
      // The part of cores.gpu that is used; 0: none. Takes a number from 0 to 1. Live.
      gpu: 1,
    },
    // No more Slices at the same time than this. Takes a whole number from 1 to 1024. undefined: cores times
    // utilization. Live.
    maxSandboxes: undefined,
    profiles: {
      inUse: {
        cores: {
          // Sandboxes while somebody uses the machine. Takes a whole number from 1 to 1024. undefined:
          // worker.cores.cpu. Live.
          cpu: undefined,
          // Of these, for WebGPU, while somebody uses the machine. Takes a whole number from 0 to 1024.
          // undefined: worker.cores.gpu. Live.
          gpu: undefined,
        },
        utilization: {
          // Part of cores.cpu while somebody uses the machine. Takes a number above 0 up to 1. undefined:
          // worker.utilization.cpu. Live.
          cpu: undefined,
          // Part of cores.gpu while somebody uses the machine. Takes a number from 0 to 1. undefined:
          // worker.utilization.gpu. Live.
          gpu: undefined,
        },
        // Most Sandboxes at a time while somebody uses the machine. Takes a whole number from 1 to 1024.
        // undefined: worker.maxSandboxes. Live.
        maxSandboxes: undefined,
      },
      idle: {
        cores: {
          // Sandboxes while nobody uses the machine. Takes a whole number from 1 to 1024. undefined:
          // worker.cores.cpu. Live.
          cpu: undefined,
          // Of these, for WebGPU, while nobody uses the machine. Takes a whole number from 0 to 1024.
          // undefined: worker.cores.gpu. Live.
          gpu: undefined,
        },
        utilization: {
          // Part of cores.cpu while nobody uses the machine. Takes a number above 0 up to 1. undefined:
          // worker.utilization.cpu. Live.
          cpu: undefined,
          // Part of cores.gpu while nobody uses the machine. Takes a number from 0 to 1. undefined:
          // worker.utilization.gpu. Live.
          gpu: undefined,
        },
        // Most Sandboxes at a time while nobody uses the machine. Takes a whole number from 1 to 1024.
        // undefined: worker.maxSandboxes. Live.
        maxSandboxes: undefined,
      },
    },
    // Which of the profiles is in force; "auto": as manager.presence finds. Takes "inUse", "idle" or "auto".
    // undefined: neither. Live.
    profile: undefined,
    manager: {
      // What happens to work while the machine is needed: it stands still, or is ended and done again. Takes
      // "freeze" or "kill". Live.
      stop: 'kill',
      // Work that stands still for longer is ended, and its Slices go back. Takes a number from 0 to 1440
      // (min). Live.
      freezeMinutes: 5,
      // For so long nothing may be found any more before work goes on. Takes a number from 0 to 86400 (s).
      // undefined: as docs/MANAGER.md says for each. Live.
      resumeAfter: undefined,
      // Programs that want the machine for themselves. Takes a list of at most 1000, each the name of a
      // program, or the absolute path of its file. Live.
      programs: [],
      // Programs that want GPUs for themselves. Takes an object whose names are each "all" or the number of an
      // adapter from 0 to 999, and whose values are each a list of at most 1000, each the name of a program,
      // or the absolute path of its file. Live.
      gpuPrograms: {},
      // When work may run, local time; an empty list: always. Takes a list of at most 1000, each days and
      // hours, as "mon-fri 22:00-06:00", "sat,sun" or "18:00-24:00". Live.
      allowedHours: [],
      // Load average of a minute above which nothing new is begun. Takes a number from 0 to 100000. undefined:
      // not watched. Live.
      maxLoad: undefined,
      // The part of all cores that other programs use above which work stops. Takes a number from 0 to 100
      // (%). undefined: not watched. Live.
      maxForeignCpu: undefined,
      pressure: {
        // The part of the time in which some task waits for a core above which work stops. Takes a number from
        // 1 to 100 (%). undefined: not watched. Live.
        cpu: undefined,
        // The same for memory. Takes a number from 1 to 100 (%). undefined: not watched. Live.
        memory: undefined,
        // The same for a disk. Takes a number from 1 to 100 (%). undefined: not watched. Live.
        io: undefined,
      },
      // The part of the memory that must be available; with less work is ended. Takes a number from 0 to 100
      // (%). undefined: not watched. Live.
      minMemory: undefined,
      // The temperature of a processor or GPU above which work stops; cards under the driver of NVIDIA are not
      // seen. Takes a number from 20 to 120 (°C). undefined: not watched. Live.
      maxTemperature: undefined,
      battery: {
        // Work stops while the machine runs on its battery. Takes true or false. Live.
        pause: false,
        // Charge of the batteries below which work stops, on mains, too. Takes a number from 0 to 100 (%).
        // undefined: not watched. Live.
        minPercent: undefined,
      },
      // What tells that somebody uses the machine: work stops then, or with profile "auto" the profile is
      // inUse. Takes a list of at most 1000, each "session", "screensaver", "logind", "pts" or "signal". Live.
      presence: [],
      // So long after the last key nobody uses a terminal any more. Takes a number from 1 to 86400 (s). Live.
      presenceIdle: 30,
    },
    // Bank account that earnings go to. An embedded Scheduler pays nobody: it is shown. Takes an address, 0x
    // and 40 hexadecimal digits. undefined: none.
    paymentAddress: undefined,
    minimumWage: {
      // Least pay for CPU time. An embedded Scheduler pays nobody: said at the start. Takes a number from 0
      // (DCC per hour). Live.
      CPU: 0,
      // Least pay for GPU time. An embedded Scheduler pays nobody: said at the start. Takes a number from 0
      // (DCC per hour). Live.
      GPU: 0,
      // Least pay for data that comes in. An embedded Scheduler pays nobody: said at the start. Takes a number
      // from 0 (DCC per megabyte). Live.
      in: 0,
      // Least pay for data that goes out. An embedded Scheduler pays nobody: said at the start. Takes a number
      // from 0 (DCC per megabyte). Live.
      out: 0,
    },
    allowOrigins: {
      // Accepted from existing configurations: Work Functions come by way of the Scheduler here. Takes a list
      // of at most 1000, each an origin (https://host, https://*.domain, https://*, *, or one of these behind
      // "private:"). Live.
      fetchWorkFunctions: [],
      // Accepted from existing configurations: arguments of Jobs come by way of the Scheduler here. Takes a
      // list of at most 1000, each an origin (https://host, https://*.domain, https://*, *, or one of these
      // behind "private:"). Live.
      fetchArguments: [],
      // Accepted from existing configurations: data of Slices come by way of the Scheduler here. Takes a list
      // of at most 1000, each an origin (https://host, https://*.domain, https://*, *, or one of these behind
      // "private:"). Live.
      fetchData: [],
      // Accepted from existing configurations: results go by way of the Scheduler here. Takes a list of at
      // most 1000, each an origin (https://host, https://*.domain, https://*, *, or one of these behind
      // "private:"). Live.
      sendResults: [],
      // Origins that Work Functions may fetch from. Takes a list of at most 1000, each an origin
      // (https://host, https://*.domain, https://*, *, or one of these behind "private:"). Live.
      any: [],
    },
    // Accepted from existing configurations: an embedded Scheduler names no origins. Takes true or false.
    // Live.
    trustComputeGroupOrigins: true,
    // Adapters that Jobs do not get: a pattern for each field that describes them (device, vendor, …). Takes
    // an object whose values are each a regular expression, or text to look for.
    bannedGPUs: {},
    // Compute Groups to join: { joinKey, joinSecret }, { joinKey, joinHash } or keystore('path'). Takes a list
    // of at most 1000, each { joinKey, joinSecret } or { joinKey, joinHash }, or keystore('path'). Live.
    computeGroups: [],
    // Take only these Jobs; an empty list: any. Takes a list of at most 1000, each the id of a Job, letters
    // and digits, or false. undefined: any. Live.
    jobAddresses: undefined,
    // Take no Jobs that are in no Compute Group; "fallback" is the same as publicGroupFallback. Takes true or
    // false, or "fallback". Live.
    leavePublicGroup: false,
    // Take Jobs that are in no Compute Group only when those groups have none. Takes true or false. Live.
    publicGroupFallback: false,
    // Slices run in processes of their own, in that of the Worker, for code that is trusted, or where a
    // standing evaluator listens (dcp-evaluator --frames). Takes "child", "in-process", "host:port" or the
    // path of a socket.
    evaluator: 'child',
    // What the operating system keeps evaluator processes from: everything, or no start; what this machine
    // allows; nothing. Takes "require", "best-effort" or "off".
    confinement: 'best-effort',
    // Memory of one evaluator process. Takes a whole number from 1024 to 1048576 (MiB). undefined: as much as
    // there is.
    evaluatorMemory: undefined,
    // After this time without a sign of life others get the Slices. Takes a number from 1 to 86400 (s).
    lease: 60,
    // How long running Slices may take to end when the Worker is told to stop. Takes a number from 0 to 86400
    // (s). Live.
    stopTimeout: 10,
    // After this time a Worker that is stopping ends whatever is left to do. Takes a number from 0 to 86400
    // (s). Live.
    cleanupTimeout: 60,
    // Accepted from existing configurations; nothing here waits for a cycle. Takes a number from 0 (ms).
    // undefined: none. Live.
    watchdogInterval: undefined,
    // Folder for results that a Scheduler has not taken yet. Takes an absolute path of a folder, or one that
    // begins with ~/. undefined: $STATE_DIRECTORY/spool, or dcp-worker/spool in $DCP_RESOURCE_DIR,
    // $XDG_DATA_HOME/dcp or ~/.dcp.
    spool: undefined,
    // File for the process id where -f (--pidFile) names none. Takes an absolute path of a file, or one that
    // begins with ~/. undefined: none.
    pidfile: undefined,
    // Where the Worker tells what it does; "detect" is what suits where it was started. Takes a list of at
    // most 8, each "detect", "console", "json", "dashboard", "logfile", "syslog", "journald" or "event-log".
    output: ['detect'],
    // Between summaries of what was done; 0: none. Takes 0, or a number from 0.1 to 86400 (s). undefined:
    // none. Live.
    reportInterval: undefined,
    logfile: {
      // The file of the output "logfile". Takes an absolute path of a file, or one that begins with ~/.
      // undefined: none.
      path: undefined,
      // A file that is this long is put aside; 0: never. Takes 0, or a whole number from 4096 to 1099511627776
      // (bytes).
      maxBytes: 10485760,
      // How many of those put aside are kept. Takes a whole number from 0 to 1000 (files).
      keep: 5,
    },
    syslog: {
      // Where syslog listens: a host, or for the transport "unix" the path of a socket. Takes a host name, or
      // the path of a socket. undefined: loghost, or this machine where the network has none; /dev/log for
      // unix.
      address: undefined,
      // Its port. Takes a whole number from 1 to 65535. undefined: 514, or 6514 for tls.
      port: undefined,
      // Facility of the messages. Takes kern, user, mail, daemon, auth, syslog, lpr, news, uucp, cron,
      // authpriv, ftp, kernel, system, audit, alert or local0 to local7.
      facility: 'local7',
      // How messages get there. Takes "udp", "tcp", "tls" or "unix".
      transport: 'udp',
      // Certificates (PEM) that its own is checked against. Takes an absolute path of a file, or one that
      // begins with ~/. undefined: those of Node.
      ca: undefined,
      // The Worker's own certificate (PEM), for a server that asks for one. Takes an absolute path of a file,
      // or one that begins with ~/. undefined: none.
      cert: undefined,
      // The key (PEM) of that certificate. Takes an absolute path of a file, or one that begins with ~/.
      // undefined: none.
      key: undefined,
    },
    // File that errors nobody has handled are appended to. Takes an absolute path of a file, or one that
    // begins with ~/. undefined: none. Live.
    unhandledRejectionLog: undefined,
    status: {
      // Socket that dcp-worker status and the like ask; they look for another than the usual one where
      // --status-socket or $DCP_WORKER_SOCKET says. Takes an absolute path of a socket, or one that begins
      // with ~/. undefined: chosen by the Worker.
      socket: undefined,
      // Port of the status page; 0: any. Takes a whole number from 0 to 65535. undefined: no page.
      httpPort: undefined,
      // Address that the status page listens at. Takes an IP address of this machine, or localhost.
      httpAddress: '127.0.0.1',
      // File with the token that the status page asks for. Takes an absolute path of a file, or one that
      // begins with ~/. undefined: none.
      tokenFile: undefined,
    },
  },

  evaluator: {
    // Accepted from existing configurations; the Worker has its own evaluator. Takes a URL (dcpsaw://…).
    // undefined: none.
    listen: undefined,
    // As evaluator.listen. Takes a URL (dcpsaw://…). undefined: evaluator.listen.
    location: undefined,
  },

  scheduler: {
    // The Scheduler: the folder of an embedded one. Addresses (https, http) are known and refused as long as
    // there are no others. Takes a URL (https://…, http://…, file://…), or an absolute path. undefined:
    // $DCP_SCHEDULER_DIR, or ~/.dcp/scheduler.
    location: undefined,
  },

  bank: {
    // The bank that pays. Takes a URL (https://…, http://…). undefined: none.
    location: undefined,
  },
}
