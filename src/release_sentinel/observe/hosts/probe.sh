# Observes a host and writes it to standard output, and nothing anywhere else. POSIX sh: dash, busybox ash, bash.
# The whole is one compound command, which the shell reads to its end before it runs it: what follows on standard input
# is not lost, and its end says that the caller is gone.
{
LC_ALL=C
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
umask 077
set -f
# Functions of these names may come from the account's environment, as bash exports them.
unset -f cat head id ls printf read readlink sed sleep stat systemctl test tr uname wait
exec 3<&0 0</dev/null 2>/dev/null

lacking() {
    for program in cat head ls readlink sed sleep stat tr; do
        command -v "$program" >/dev/null || printf 'lacks %s\n' "$program"
    done
}

# One write for each line of what may come from several at once.
disk() { # NUMBER PATH
    real=$(readlink -f -- "$2") || real=$2
    case $real in *"
"*) printf 'disk %s no it leads to a name of several lines\n' "$1"; return ;; esac
    sizes=$(stat -f -c '%S %b %f %a %c %d' -- "$real" 2>&1) || { printf 'disk %s no %s\n' "$1" "${sizes%%
*}"; return; }
    id=-
    if test -d "$real" || test -f "$real"; then
        while read -r key value; do
            test "$key" = mnt_id: && id=$value
        done 4<"$real" </proc/self/fdinfo/4
    fi
    writable=-
    test -w "$real" && writable=w
    printf 'disk %s ok %s %s %s %s\n' "$1" "$id" "$sizes" "$writable" "$real"
}

units() { # LETTER OPTION PROPERTIES NAME...
    letter=$1 option=$2 properties=$3
    shift 3
    test "$option" && XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR:-/run/user/$(id -u)} && export XDG_RUNTIME_DIR
    {
        ask $option "$properties" "$@" && more=$(systemctl $option show --no-pager --property=Unit,Triggers -- "$@" |
            sed -n 's/^[A-Z][a-z]*=//p') && test "$more" && printf '\n' && ask $option "$properties" $more
        printf '=%s\n' $?
    } | while IFS= read -r line; do printf '%s %s\n' "$letter" "$line"; done
}

ask() { # [--user] PROPERTIES NAME...
    option=
    test "$1" = --user && option=--user && shift
    properties=$1
    shift
    systemctl $option show --no-pager --property="$properties" -- "$@" 2>&1
}

# Values of one line, without a process for each.
one_line() { # FILE...
    for file; do
        test -e "$file" || continue
        if read -r line <"$file"; then printf 'f %s:%s\n' "$file" "$line"; else printf 'unread %s\n' "$file"; fi
    done
}

lines() { # FILE...
    for file; do
        test -e "$file" || continue
        cat "$file" >/dev/null && sed "s|^|f $file:|" "$file" || printf 'unread %s\n' "$file"
    done
}

group() { # FOLDER: the files of a control group
    one_line "$1/memory.max" "$1/memory.current" "$1/memory.high" "$1/memory.swap.max" "$1/memory.swap.current" \
        "$1/memory.limit_in_bytes" "$1/memory.usage_in_bytes" "$1/memory.memsw.limit_in_bytes" \
        "$1/memory.memsw.usage_in_bytes"
    test -e "$1/memory.stat" && while read -r key value; do
        case $key in inactive_file | total_inactive_file) printf 'f %s/memory.stat:%s %s\n' "$1" "$key" "$value" ;; esac
    done <"$1/memory.stat"
}

memory() {
    lines /proc/meminfo /proc/spl/kstat/zfs/arcstats
    set +f
    one_line /sys/kernel/mm/hugepages/*/free_hugepages /sys/kernel/mm/hugepages/*/resv_hugepages
    set -f
    # The groups of process 1: those of a container, or of the host, and not of a login.
    lines /proc/1/cgroup
    # Hidden by hidepid: on a host it has no limit, but this may be a container.
    test -e /proc/1/cgroup || ! test -e /proc/self/cgroup ||
        test "$(readlink /proc/self/ns/pid)" = 'pid:[4026531836]' || printf 'unread /proc/1/cgroup\n'
    while read -r _ _ _ _ point _ rest; do
        case $rest in
        *'- cgroup2 '* | *'- cgroup '*memory*) ;;
        *) continue ;;
        esac
        group "$point"
        while IFS= read -r line; do
            path=${line#*:} path=${path#*:} place=$point
            case $line in
            0::* | *:*memory*:*) ;;
            *) continue ;;
            esac
            rest=${path#/}
            while test "$rest"; do
                part=${rest%%/*}
                case $rest in
                */*) rest=${rest#*/} ;;
                *) rest= ;;
                esac
                test "$part" = .. && continue
                place=$place/$part
                test -d "$place" && group "$place"
            done
        done </proc/1/cgroup
    done </proc/self/mountinfo
}

processes() { # BYTES OWNERS
    printf 'i %s %s\n' $$ "$PPID"
    read -r line </proc/1/stat && printf 'h\n'
    printf 'n %s\n' "$(readlink /proc/self/ns/pid)"
    set +f
    cat /proc/[0-9]*/stat | sed -n 's/^\([0-9]* (.*) [A-Za-z] [0-9]*\) .*$/p \1/p;t
s/^/q /p'
    head -c "$1" /proc/[0-9]*/cmdline /dev/null | tr '\000' '\001' | sed 's/^/c /'
    printf '\n'
    ls -ln /proc/[0-9]*/exe | sed -n 's|^.* /proc/\([0-9]*\)/exe -> |x \1 |p'
    test "$2" && stat -c 'o %n %u %U' /proc/[0-9]*
    set -f
}

# Waits for processes of this probe, and kills them after some seconds, or once the caller is gone.
within() { # SECONDS PROCESS...
    seconds=$1
    shift
    end_at "$@" -- sleep "$seconds"
    timer=$watcher
    end_at "$@" -- cat
    for process; do wait "$process"; done
    kill "$timer" "$watcher"
    wait "$timer" "$watcher"
}

end_at() { # PROCESS... -- COMMAND...: kills the processes when the command ends
    (
        exec >/dev/null 0<&3
        doomed=
        while test "$1" != --; do
            doomed="$doomed $1"
            shift
        done
        shift
        "$@" 0<&3 &
        waited=$!
        trap 'kill $waited; exit 0' TERM
        wait $waited
        kill -9 $doomed
    ) &
    watcher=$!
}
