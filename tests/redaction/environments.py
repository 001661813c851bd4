"""The variables of four CI systems' runners, after their public documentation, with values of the kind that they have.

Every value is made up. `CREDENTIALS` are what is secret in them because of a URL or a connection string.
"""

SHA = "f0e4c2f76c58916ec258f246851bea091d14d424"

_JOB = """
DATABASE_URL=postgres://dev:dev@db/dev
REDIS_URL=redis://:prod@redis:6379/0
CELERY_BROKER_URL=amqp://app:br0ker-77aa@mq1:5672,amqp://app:br0ker-77bb@mq2:5672
MONGO_URL=mongodb://shop:m0ngo-Pw-91@mongo:27017/shop?authSource=prod&replicaSet=rs0
PIP_EXTRA_INDEX_URL=https://ci:p1p-T0ken-aa@pypi.acme.example/simple https://ci:p1p-T0ken-bb@pypi2.acme.example/simple
SPRING_DATASOURCE_URL=jdbc:postgresql://db:5432/shop?user=shop&password=jdbc-Pw-42x&sslmode=require&sslkey=/etc/ssl/k.pem
JAVA_TOOL_OPTIONS=-Xmx2g -Dhttp.proxy=http://java:pr0xy-77cc@proxy.acme.example:3128 -Dfile.encoding=UTF-8
HTTPS_PROXY=ci:pr0xy-77dd@proxy.acme.example:3128
NO_PROXY=localhost,127.0.0.1,.acme.example
PGCONN=host=db port=5432 dbname=shop user=shop password='l1bpq pw-7' connect_timeout=10
SQLCONN=Server=tcp:sql.acme.example,1433;Database=shop;User ID=shop;Password=ado-Pw-77ee;Encrypt=True;
AZURE_STORAGE_CONNECTION_STRING=DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=Zm9vYmFyYmF6L3F1eCtxdXV4MTIzNA==;EndpointSuffix=core.windows.net
UPLOAD_URL=https://acme.blob.core.windows.net/c/f?sv=2022-11-02&sr=b&sig=Xy7%2BabC%2Fq9%3D&se=2026-12-31
DESIGN_URL=https://design.acme.example/?design=v1.0.0&page=2&sort=asc&session_timeout=30
GIT_CONFIG_COUNT=1
GIT_CONFIG_KEY_0=url.https://ghp_77aaBBcc88dd@github.com/.insteadOf
GIT_CONFIG_VALUE_0=https://github.com/
DOCKER_IMAGE=registry.acme.example/shop:prod@sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae
MAIL_FROM=release@acme.example
SSH_REMOTE=git@github.com:acme/shop.git
AZURE_REMOTE=https://prod@dev.azure.com/acme/shop/_git/shop
SMTP_URL=smtp://mailer:changeme@smtp.acme.example:587
"""
CREDENTIALS = [
    *("br0ker-77aa", "br0ker-77bb", "m0ngo-Pw-91", "p1p-T0ken-aa", "p1p-T0ken-bb", "jdbc-Pw-42x", "pr0xy-77cc"),
    *("pr0xy-77dd", "l1bpq pw-7", "ado-Pw-77ee", "Zm9vYmFyYmF6L3F1eCtxdXV4MTIzNA==", "Xy7%2BabC%2Fq9%3D"),
    "ghp_77aaBBcc88dd",
]
_SHELL = """
HOME=/home/runner
PATH=/opt/pipx_bin:/home/runner/.cargo/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LANG=C.UTF-8
SHELL=/bin/bash
USER=runner
PWD=/home/runner/work/shop/shop
SHLVL=1
HOSTNAME=fv-az1234-567
TERM=dumb
"""
GITHUB = f"""
CI=true
ACTIONS_RUNNER_ACTION_ARCHIVE_CACHE=/opt/actionarchivecache
ACTIONS_CACHE_URL=https://acghubeus1.actions.githubusercontent.com/Abc123/
ACTIONS_RESULTS_URL=https://results-receiver.actions.githubusercontent.com/
GITHUB_ACTIONS=true
GITHUB_ACTION=__run_2
GITHUB_ACTOR=octocat
GITHUB_ACTOR_ID=583231
GITHUB_API_URL=https://api.github.com
GITHUB_BASE_REF=
GITHUB_ENV=/home/runner/work/_temp/_runner_file_commands/set_env_87406d6e-4979-4d42-98e1-3dab1f48b13a
GITHUB_EVENT_NAME=push
GITHUB_EVENT_PATH=/home/runner/work/_temp/_github_workflow/event.json
GITHUB_GRAPHQL_URL=https://api.github.com/graphql
GITHUB_HEAD_REF=
GITHUB_JOB=release
GITHUB_OUTPUT=/home/runner/work/_temp/_runner_file_commands/set_output_87406d6e-4979-4d42-98e1-3dab1f48b13a
GITHUB_PATH=/home/runner/work/_temp/_runner_file_commands/add_path_87406d6e-4979-4d42-98e1-3dab1f48b13a
GITHUB_REF=refs/heads/main
GITHUB_REF_NAME=main
GITHUB_REF_PROTECTED=true
GITHUB_REF_TYPE=branch
GITHUB_REPOSITORY=acme/shop
GITHUB_REPOSITORY_ID=123456789
GITHUB_REPOSITORY_OWNER=acme
GITHUB_REPOSITORY_OWNER_ID=9919
GITHUB_RETENTION_DAYS=90
GITHUB_RUN_ATTEMPT=1
GITHUB_RUN_ID=1658821493
GITHUB_RUN_NUMBER=42
GITHUB_SERVER_URL=https://github.com
GITHUB_SHA={SHA}
GITHUB_STEP_SUMMARY=/home/runner/work/_temp/_runner_file_commands/step_summary_87406d6e-4979-4d42-98e1-3dab1f48b13a
GITHUB_TRIGGERING_ACTOR=octocat
GITHUB_WORKFLOW=Release
GITHUB_WORKFLOW_REF=acme/shop/.github/workflows/release.yml@refs/heads/main
GITHUB_WORKFLOW_SHA={SHA}
GITHUB_WORKSPACE=/home/runner/work/shop/shop
RUNNER_ARCH=X64
RUNNER_ENVIRONMENT=github-hosted
RUNNER_NAME=GitHub Actions 12
RUNNER_OS=Linux
RUNNER_TEMP=/home/runner/work/_temp
RUNNER_TOOL_CACHE=/opt/hostedtoolcache
RUNNER_TRACKING_ID=github_1e7b1b0c-26a3-4a1e-9c1b-5a8b9d6c1f11
RUNNER_USER=runner
RUNNER_WORKSPACE=/home/runner/work/shop
ImageOS=ubuntu24
ImageVersion=20260105.1.0
AGENT_TOOLSDIRECTORY=/opt/hostedtoolcache
ANDROID_HOME=/usr/local/lib/android/sdk
ANT_HOME=/usr/share/ant
AZURE_EXTENSION_DIR=/opt/az/azcliextensions
BOOTSTRAP_HASKELL_NONINTERACTIVE=1
CHROMEWEBDRIVER=/usr/local/share/chromedriver-linux64
CONDA=/usr/share/miniconda
DEBIAN_FRONTEND=noninteractive
DEPLOYMENT_BASEPATH=/opt/runner
DOTNET_MULTILEVEL_LOOKUP=0
DOTNET_NOLOGO=1
EDGEWEBDRIVER=/usr/local/share/edge_driver
ENABLE_RUNNER_TRACING=true
GECKOWEBDRIVER=/usr/local/share/gecko_driver
GOROOT_1_24_X64=/opt/hostedtoolcache/go/1.24.11/x64
GRADLE_HOME=/usr/share/gradle-9.2.1
HOMEBREW_CLEANUP_PERIODIC_FULL_DAYS=3650
INVOCATION_ID=0f6c7c0c9a7d4a6f8a3c1d2b5e4f6a7b
JAVA_HOME_21_X64=/usr/lib/jvm/temurin-21-jdk-amd64
JOURNAL_STREAM=9:13652
LEIN_HOME=/usr/local/lib/lein
MEMORY_PRESSURE_WATCH=/sys/fs/cgroup/system.slice/hosted-compute-agent.service/memory.pressure
NVM_DIR=/home/runner/.nvm
PIPX_BIN_DIR=/opt/pipx_bin
POWERSHELL_DISTRIBUTION_CHANNEL=GitHub-Actions-ubuntu24
SELENIUM_JAR_PATH=/usr/share/java/selenium-server.jar
SGX_AESM_ADDR=1
SWIFT_PATH=/usr/share/swift/usr/bin
SYSTEMD_EXEC_PID=1841
VCPKG_INSTALLATION_ROOT=/usr/local/share/vcpkg
XDG_CONFIG_HOME=/home/runner/.config
XDG_RUNTIME_DIR=/run/user/1001
{_SHELL}{_JOB}"""
GITLAB = f"""
CI=true
GITLAB_CI=true
CHAT_CHANNEL=
CI_API_V4_URL=https://gitlab.acme.example/api/v4
CI_API_GRAPHQL_URL=https://gitlab.acme.example/api/graphql
CI_BUILDS_DIR=/builds
CI_COMMIT_AUTHOR=Jane Doe <jane@acme.example>
CI_COMMIT_BEFORE_SHA=0000000000000000000000000000000000000000
CI_COMMIT_BRANCH=main
CI_COMMIT_DESCRIPTION=
CI_COMMIT_MESSAGE=Raise the limit of the disk gate
CI_COMMIT_REF_NAME=main
CI_COMMIT_REF_PROTECTED=true
CI_COMMIT_REF_SLUG=main
CI_COMMIT_SHA={SHA}
CI_COMMIT_SHORT_SHA={SHA[:8]}
CI_COMMIT_TIMESTAMP=2026-01-31T16:47:55Z
CI_COMMIT_TITLE=Raise the limit of the disk gate
CI_CONCURRENT_ID=3
CI_CONCURRENT_PROJECT_ID=0
CI_CONFIG_PATH=.gitlab-ci.yml
CI_DEFAULT_BRANCH=main
CI_DEPENDENCY_PROXY_SERVER=gitlab.acme.example:443
CI_ENVIRONMENT_NAME=prod
CI_ENVIRONMENT_TIER=production
CI_JOB_ID=50
CI_JOB_IMAGE=python:3.13-slim
CI_JOB_NAME=release
CI_JOB_STAGE=deploy
CI_JOB_STARTED_AT=2026-01-31T17:05:00Z
CI_JOB_URL=https://gitlab.acme.example/acme/shop/-/jobs/50
CI_NODE_TOTAL=1
CI_PAGES_DOMAIN=pages.acme.example
CI_PIPELINE_ID=1000
CI_PIPELINE_IID=10
CI_PIPELINE_SOURCE=push
CI_PIPELINE_URL=https://gitlab.acme.example/acme/shop/-/pipelines/1000
CI_PROJECT_DIR=/builds/acme/shop
CI_PROJECT_ID=17893
CI_PROJECT_NAME=shop
CI_PROJECT_NAMESPACE=acme
CI_PROJECT_PATH=acme/shop
CI_PROJECT_PATH_SLUG=acme-shop
CI_PROJECT_ROOT_NAMESPACE=acme
CI_PROJECT_URL=https://gitlab.acme.example/acme/shop
CI_PROJECT_VISIBILITY=internal
CI_REGISTRY=registry.acme.example
CI_REGISTRY_IMAGE=registry.acme.example/acme/shop
CI_REGISTRY_USER=gitlab-ci-token
CI_REPOSITORY_URL=https://gitlab-ci-token:gl-j0b-77ff@gitlab.acme.example/acme/shop.git
CI_RUNNER_DESCRIPTION=docker-runner-1
CI_RUNNER_EXECUTABLE_ARCH=linux/amd64
CI_RUNNER_ID=10
CI_RUNNER_TAGS=["docker", "linux"]
CI_RUNNER_VERSION=17.8.0
CI_SERVER_FQDN=gitlab.acme.example
CI_SERVER_HOST=gitlab.acme.example
CI_SERVER_NAME=GitLab
CI_SERVER_PORT=443
CI_SERVER_PROTOCOL=https
CI_SERVER_REVISION=70606bf
CI_SERVER_URL=https://gitlab.acme.example
CI_SERVER_VERSION=17.8.0-ee
CI_TEMPLATE_REGISTRY_HOST=registry.gitlab.com
FF_USE_FASTZIP=1
GITLAB_FEATURES=audit_events,blocked_issues,code_owners
GITLAB_USER_EMAIL=jane@acme.example
GITLAB_USER_ID=42
GITLAB_USER_LOGIN=jane
GITLAB_USER_NAME=Jane Doe
{_SHELL}{_JOB}"""
JENKINS = f"""
BRANCH_NAME=main
BRANCH_IS_PRIMARY=true
BUILD_DISPLAY_NAME=#42
BUILD_ID=42
BUILD_NUMBER=42
BUILD_TAG=jenkins-shop-main-42
BUILD_URL=https://jenkins.acme.example/job/shop/job/main/42/
CLASSPATH=
EXECUTOR_NUMBER=0
GIT_AUTHOR_EMAIL=jane@acme.example
GIT_AUTHOR_NAME=Jane Doe
GIT_BRANCH=origin/main
GIT_COMMIT={SHA}
GIT_LOCAL_BRANCH=main
GIT_PREVIOUS_COMMIT=0b3f2a1c9d8e7f60514233241506978869504132
GIT_PREVIOUS_SUCCESSFUL_COMMIT=0b3f2a1c9d8e7f60514233241506978869504132
GIT_URL=https://jenkins:gl-j0b-77ff@git.acme.example/acme/shop.git
HUDSON_COOKIE=5b8e2f0a-1c3d-4e5f-8a9b-0c1d2e3f4a5b
HUDSON_HOME=/var/jenkins_home
HUDSON_SERVER_COOKIE=a1b2c3d4e5f60718
HUDSON_URL=https://jenkins.acme.example/
JAVA_HOME=/opt/java/openjdk
JENKINS_HOME=/var/jenkins_home
JENKINS_NODE_COOKIE=1c2d3e4f-5a6b-7c8d-9e0f-a1b2c3d4e5f6
JENKINS_SERVER_COOKIE=durable-1234567890abcdef
JENKINS_URL=https://jenkins.acme.example/
JOB_BASE_NAME=main
JOB_DISPLAY_URL=https://jenkins.acme.example/job/shop/job/main/display/redirect
JOB_NAME=shop/main
JOB_URL=https://jenkins.acme.example/job/shop/job/main/
LIBRARY_PATH=/usr/lib
MAVEN_HOME=/opt/maven
NODE_LABELS=built-in linux docker
NODE_NAME=built-in
RUN_ARTIFACTS_DISPLAY_URL=https://jenkins.acme.example/job/shop/job/main/42/display/redirect?page=artifacts
RUN_CHANGES_DISPLAY_URL=https://jenkins.acme.example/job/shop/job/main/42/display/redirect?page=changes
RUN_DISPLAY_URL=https://jenkins.acme.example/job/shop/job/main/42/display/redirect
STAGE_NAME=Release
WORKSPACE=/var/jenkins_home/workspace/shop_main
WORKSPACE_TMP=/var/jenkins_home/workspace/shop_main@tmp
library.shared.version=main
{_SHELL}{_JOB}"""
AZURE = f"""
TF_BUILD=True
AGENT_BUILDDIRECTORY=/home/vsts/work/1
AGENT_HOMEDIRECTORY=/home/vsts/agents/4.248.0
AGENT_ID=12
AGENT_JOBNAME=Release
AGENT_JOBSTATUS=Succeeded
AGENT_MACHINENAME=fv-az1234-567
AGENT_NAME=Hosted Agent
AGENT_OS=Linux
AGENT_OSARCHITECTURE=X64
AGENT_TEMPDIRECTORY=/home/vsts/work/_temp
AGENT_VERSION=4.248.0
AGENT_WORKFOLDER=/home/vsts/work
BUILD_ARTIFACTSTAGINGDIRECTORY=/home/vsts/work/1/a
BUILD_BINARIESDIRECTORY=/home/vsts/work/1/b
BUILD_BUILDID=1234
BUILD_BUILDNUMBER=20260131.4
BUILD_BUILDURI=vstfs:///Build/Build/1234
BUILD_DEFINITIONNAME=acme.shop
BUILD_DEFINITIONVERSION=7
BUILD_QUEUEDBY=Jane Doe
BUILD_QUEUEDBYID=00000002-0000-8888-8000-000000000000
BUILD_REASON=IndividualCI
BUILD_REPOSITORY_CLEAN=False
BUILD_REPOSITORY_ID=5d3f0a51-2d06-4a2b-9b46-1a2b3c4d5e6f
BUILD_REPOSITORY_LOCALPATH=/home/vsts/work/1/s
BUILD_REPOSITORY_NAME=shop
BUILD_REPOSITORY_PROVIDER=TfsGit
BUILD_REPOSITORY_URI=https://acme@dev.azure.com/acme/shop/_git/shop
BUILD_REQUESTEDFOR=Jane Doe
BUILD_REQUESTEDFOREMAIL=jane@acme.example
BUILD_SOURCEBRANCH=refs/heads/main
BUILD_SOURCEBRANCHNAME=main
BUILD_SOURCESDIRECTORY=/home/vsts/work/1/s
BUILD_SOURCEVERSION={SHA}
BUILD_SOURCEVERSIONMESSAGE=Raise the limit of the disk gate
COMMON_TESTRESULTSDIRECTORY=/home/vsts/work/1/TestResults
ENDPOINT_URL_SYSTEMVSSCONNECTION=https://dev.azure.com/acme/
PIPELINE_WORKSPACE=/home/vsts/work/1
RESOURCES_TRIGGERINGALIAS=
SYSTEM_COLLECTIONID=5f5a3e1b-1111-4c2d-8e9f-0a1b2c3d4e5f
SYSTEM_COLLECTIONURI=https://dev.azure.com/acme/
SYSTEM_CULTURE=en-US
SYSTEM_DEBUG=false
SYSTEM_DEFAULTWORKINGDIRECTORY=/home/vsts/work/1/s
SYSTEM_DEFINITIONID=7
SYSTEM_HOSTTYPE=build
SYSTEM_JOBATTEMPT=1
SYSTEM_JOBDISPLAYNAME=Release
SYSTEM_JOBID=12f1170f-54f2-53f3-20dd-22fc7dff55f9
SYSTEM_JOBNAME=__default
SYSTEM_PHASEDISPLAYNAME=Release
SYSTEM_PULLREQUEST_ISFORK=False
SYSTEM_SERVERTYPE=Hosted
SYSTEM_STAGEDISPLAYNAME=Deploy
SYSTEM_STAGENAME=Deploy
SYSTEM_TASKDEFINITIONSURI=https://dev.azure.com/acme/
SYSTEM_TEAMPROJECT=shop
SYSTEM_TIMELINEID=0c5f6b1e-7f5a-4b2c-9d3e-4f5a6b7c8d9e
SYSTEM_WORKFOLDER=/home/vsts/work
TASK_DISPLAYNAME=Release gate
VSTS_AGENT_PERFLOG=/home/vsts/perflog
{_SHELL}{_JOB}"""


def variables(text: str) -> dict[str, str]:
    """Return the variables by their names."""
    return {name: value for name, _, value in (line.partition("=") for line in text.strip().splitlines() if line)}


RUNNERS = {
    "GitHub": variables(GITHUB),
    "GitLab": variables(GITLAB),
    "Jenkins": variables(JENKINS),
    "Azure": variables(AZURE),
}
