/* SPDX-License-Identifier: GPL-2.0-only */
/* doctor: files, the clock, the units of systemd. */
#include <errno.h>
#include <glob.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "doctor.h"
#include "paths.h"
#include "state.h"
#include "text.h"

#define CLOCK_MIN 1735689600 /* 2025-01-01: no clock that is right shows less */

static void seed(struct doctor *d)
{
	char path[PATH_MAX], text[64] = "";
	_file_ FILE *file = NULL;
	struct stat info;

	d->topic = "seed";
	snprintf(path, sizeof(path), "%s/seed", dir_state());
	file = fopen(path, "re");
	if (!file && errno == ENOENT) {
		doctor_found(d, RESULT_SKIPPED, NULL, "%s: the first load creates it", path);
		return;
	}
	if (!file || fstat(fileno(file), &info)) {
		doctor_found(d, RESULT_FAILURE, "make it readable by root", "%s: %s", path,
			     strerror(errno));
		return;
	}
	if (fread(text, 1, sizeof(text) - 1, file) < 32 ||
	    strspn(text, "0123456789abcdefABCDEF") != 32)
		doctor_found(d, RESULT_FAILURE,
			     textf("rm %s: the next load creates a new one, and new clients get "
				   "different addresses",
				   path),
			     "%s: damaged: it must be 32 hexadecimal digits", path);
	else if (info.st_mode & 077)
		doctor_found(d, RESULT_WARNING, textf("chmod 600 %s", path),
			     "%s: readable by other users, who can predict which client gets which "
			     "address",
			     path);
	else
		doctor_found(d, RESULT_OK, NULL, "%s: present", path);
}

/* Can a file be made beside PATH? */
static int folder_fault(const char *path)
{
	char folder[PATH_MAX], *slash;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (!slash)
		return 0;
	slash[slash == folder] = 0;
	return access(folder, W_OK | X_OK) ? errno : 0;
}

static void state_folder(struct doctor *d)
{
	char path[PATH_MAX];
	glob_t damaged = {};
	int error;

	d->topic = "state";
	snprintf(path, sizeof(path), "%s/x", dir_state());
	error = folder_fault(path);
	if (error == ENOENT)
		doctor_found(d, RESULT_SKIPPED, NULL, "%s: the first load creates it", dir_state());
	else if (error)
		doctor_found(d, RESULT_FAILURE,
			     "make it writable by root: bindings are saved there", "%s: %s",
			     dir_state(), strerror(error));
	else
		doctor_found(d, RESULT_OK, NULL, "%s: writable", dir_state());
	snprintf(path, sizeof(path), "%s/*.bad", dir_state());
	if (!glob(path, 0, NULL, &damaged))
		for (size_t i = 0; i < damaged.gl_pathc; i++)
			doctor_found(d, RESULT_WARNING,
				     textf("check its static maps; nat64-bpf map import NAME %s "
					   "imports them; then remove it",
					   text_printable(damaged.gl_pathv[i])),
				     "%s: a damaged state file that was set aside",
				     damaged.gl_pathv[i]);
	globfree(&damaged);
}

static void clock_right(struct doctor *d)
{
	struct timex state = {};
	time_t now = time(NULL);

	d->topic = "clock";
	if (now < CLOCK_MIN)
		doctor_found(d, RESULT_WARNING,
			     "set it, for example by NTP: leases and the log depend on it",
			     "the clock is wrong: it shows %s", strtok(ctime(&now), "\n"));
	else if (adjtimex(&state) == TIME_ERROR)
		doctor_found(d, RESULT_OK, NULL,
			     "plausible, but not synchronised (`log` needs NTP)");
	else
		doctor_found(d, RESULT_OK, NULL, "synchronised");
}

void doctor_host_files(struct doctor *d)
{
	state_folder(d);
	seed(d);
	clock_right(d);
}

static void state_file(struct doctor *d, const struct config *config)
{
	struct saved_list list = {};
	bool damaged = false;
	char path[PATH_MAX];
	int error, faults;

	state_path(config, path);
	doctor_hear(d, "state");
	error = access(path, F_OK) ? -errno : savefile_import(path, &list, &damaged);
	faults = doctor_unhear(d);
	if (error == -ENOENT)
		doctor_found(d, RESULT_SKIPPED, NULL, "%s: does not exist yet", path);
	else if (damaged)
		doctor_found(d, RESULT_FAILURE,
			     textf("while it is loaded, the next save rewrites it; nat64-bpf map "
				   "export %s shows the bindings",
				   config->name),
			     "%s: its checksum is wrong", path);
	else if (!error)
		doctor_found(d, RESULT_OK, NULL, "%s: %zu bindings", path, list.count);
	else if (!faults)
		doctor_found(d, RESULT_FAILURE, "make it readable by root", "%s: %s", path,
			     strerror(-error));
	savefile_list_free(&list);
	error = folder_fault(path);
	if (error && error != ENOENT)
		doctor_found(d, RESULT_FAILURE,
			     "make its directory writable by root, or set `state`",
			     "%s: cannot be saved: %s", path, strerror(error));
}

static void log_file(struct doctor *d, const struct config *config)
{
	struct timex state = {};
	int error;

	if (!*config->log)
		return;
	d->topic = "log";
	error = folder_fault(config->log);
	if (!error && !access(config->log, F_OK) && access(config->log, W_OK))
		error = errno;
	if (error)
		doctor_found(d, RESULT_FAILURE, "create its directory, writable by root",
			     "%s: cannot be written: %s", config->log, strerror(error));
	else
		doctor_found(d, RESULT_OK, NULL, "%s: writable; nat64-bpf run writes it",
			     config->log);
	if (adjtimex(&state) == TIME_ERROR)
		doctor_found(d, RESULT_WARNING,
			     "run an NTP client, such as systemd-timesyncd or chrony",
			     "the log records times, but the clock is not synchronised");
}

/* Is a unit of this instance started with the system, or with the interface? */
static bool is_enabled(const char *unit)
{
	char pattern[PATH_MAX];
	glob_t links = {};
	int status;

	snprintf(pattern, sizeof(pattern), "/etc/systemd/system/*.wants/%s", unit);
	status = glob(pattern, 0, NULL, &links);
	globfree(&links);
	return !status;
}

static void unit(struct doctor *d, const struct config *config)
{
	const char *once = textf("nat64-bpf@%s.service", config->name);
	const char *resident = textf("nat64-bpf-run@%s.service", config->name);

	d->topic = "systemd";
	if (access("/run/systemd/system", F_OK))
		doctor_found(d, RESULT_SKIPPED, NULL, "systemd is not the init of this host");
	else if (is_enabled(once))
		doctor_found(d, RESULT_OK, NULL, "%s is enabled", once);
	else if (is_enabled(resident))
		doctor_found(d, RESULT_OK, NULL, "%s is enabled", resident);
	else
		doctor_found(d, RESULT_WARNING,
			     textf("systemctl enable nat64-bpf@%s, or nat64-bpf-run@%s",
				   config->name, config->name),
			     "no unit is enabled: the next boot does not load it");
}

void doctor_files(struct doctor *d, const struct instance *instance)
{
	state_file(d, &instance->config);
	log_file(d, &instance->config);
	unit(d, &instance->config);
}
