/* SPDX-License-Identifier: GPL-2.0-only */
/* Tool of scripts/bench profile: the machine code of the loaded programs whose names begin with
 * NAME, as lines
 *
 *   ADDRESS FILE:LINE SOURCE
 *
 * in hex, in ascending order within a program: the code from there on comes from that line.
 *
 *   lines NAME */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <err.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void print(int program)
{
	struct bpf_prog_info info = { 0 }, wanted = { 0 };
	__u32 len = sizeof(info);
	struct bpf_line_info *line;
	struct btf *btf;
	__u64 *address;

	if (bpf_obj_get_info_by_fd(program, &info, &len))
		err(1, "program");
	line = calloc(info.nr_line_info, sizeof(*line));
	address = calloc(info.nr_jited_line_info, sizeof(*address));
	btf = btf__load_from_kernel_by_id(info.btf_id);
	if (!line || !address || !btf)
		err(1, "%s", info.name);
	wanted.line_info = (uintptr_t)line;
	wanted.nr_line_info = info.nr_line_info;
	wanted.line_info_rec_size = sizeof(*line);
	wanted.jited_line_info = (uintptr_t)address;
	wanted.nr_jited_line_info = info.nr_jited_line_info;
	wanted.jited_line_info_rec_size = sizeof(*address);
	len = sizeof(wanted);
	if (bpf_obj_get_info_by_fd(program, &wanted, &len))
		err(1, "%s", info.name);
	for (__u32 i = 0; i < wanted.nr_jited_line_info && i < wanted.nr_line_info; i++) {
		const char *file = btf__str_by_offset(btf, line[i].file_name_off),
			   *slash = strrchr(file, '/');
		const char *text = btf__str_by_offset(btf, line[i].line_off);

		printf("%llx %s:%u %s\n", address[i], slash ? slash + 1 : file,
		       BPF_LINE_INFO_LINE_NUM(line[i].line_col), text + strspn(text, " \t"));
	}
	btf__free(btf);
	free(line);
	free(address);
}

int main(int argc, char **argv)
{
	__u32 id = 0;

	if (argc != 2)
		errx(2, "see the head of lines.c");
	while (!bpf_prog_get_next_id(id, &id)) {
		int program = bpf_prog_get_fd_by_id(id);
		struct bpf_prog_info info = { 0 };
		__u32 len = sizeof(info);

		if (program < 0)
			continue;
		if (!bpf_obj_get_info_by_fd(program, &info, &len) &&
		    !strncmp(info.name, argv[1], strlen(argv[1])))
			print(program);
		close(program);
	}
	return 0;
}
