# Completion of release-sentinel for fish: release-sentinel completion fish | source
function __release_sentinel_at
    set -l words (commandline -opc)
    set -l path ''
    for end in 2 3
        set -l longer "$words[2..$end]"
        if test (count $words) -ge $end; and contains -- "$longer" <paths>
            set path $longer
        end
    end
    test "$path" = "$argv[1]"
end

complete -c release-sentinel -f
<lines>
