pushed=$(cat)
printf '%s\n' "$pushed" | release-sentinel hook --env <env> -- "$@" || exit 1
exec <<END
$pushed
END
