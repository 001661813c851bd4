# Completion of release-sentinel for bash: source <(release-sentinel completion bash)
_release_sentinel() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} offered= action= path= found
    # bash makes a word of the `=` in --env=prod
    if [ "$word" = "=" ]; then
        word=
    elif [ "$before" = "=" ]; then
        before=${COMP_WORDS[COMP_CWORD-2]}
    fi
    if [ "$COMP_CWORD" -gt 1 ]; then
        case "${COMP_WORDS[1]}" in
            <paths>) path=${COMP_WORDS[1]} ;;
        esac
    fi
    if [ "$COMP_CWORD" -gt 2 ]; then
        case "$path ${COMP_WORDS[2]}" in
            <paths>) path="$path ${COMP_WORDS[2]}" ;;
        esac
    fi
    COMPREPLY=()
    case "$path $before" in
<values>
        *)
            case "$word" in
                -*)
                    case "$path" in
<options>
                    esac
                    ;;
                *)
                    case "$path" in
<words>
                    esac
                    ;;
            esac
            ;;
    esac
    if [ "$COMP_CWORD" -gt 1 ] && [ -z "$path" ] && [ -n "$action" ]; then
        offered= # the commands come first
    fi
    while IFS= read -r found; do
        COMPREPLY+=("$found")
    done < <(
        if [ -n "$offered" ]; then compgen -W "$offered" -- "$word"; fi
        if [ -n "$action" ]; then compgen -A "$action" -- "$word"; fi
    )
    if [ -n "$action" ]; then
        compopt -o filenames 2>/dev/null
    fi
}
complete -F _release_sentinel release-sentinel
