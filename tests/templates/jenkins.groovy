// Runs a declarative Jenkinsfile as Jenkins does, with steps of its own, once for each case:
// `jenkins.groovy JENKINSFILE [TOKEN PROCESS]…`. The workspace is the working directory; each credential is the TOKEN.
class Build {
    Map env = new LinkedHashMap(System.getenv()), params = [:], sections = [:]
    String token, any = 'any'

    // What is in a block of the declarative syntax runs against the build.
    void within(Closure body, Object target = this) {
        body.delegate = target
        body.resolveStrategy = Closure.DELEGATE_FIRST
        body()
    }

    void pipeline(Closure body) { within(body) }
    void parameters(Closure body) { within(body) }
    void options(Closure body) { within(body) }
    void stages(Closure body) { within(body) }
    void script(Closure body) { within(body) }
    void always(Closure body) { within(body) }
    void steps(Closure body) { sections.steps = body }
    void post(Closure body) { sections.post = body }
    void environment(Closure body) { within(body, new Variables(build: this)) }

    void stage(String name, Closure body) {
        within(body)
        try {
            within(sections.steps)
        } finally {
            within(sections.post)
        }
    }

    void agent(String label) { assert label == any }
    void string(Map given) { params[given.name] = given.defaultValue }
    void timeout(Map given) { assert given.unit == 'MINUTES' && given.time > 0 }
    void disableConcurrentBuilds() { }
    void withCredentials(List given, Closure body) { env.putAll(given.sum()); within(body) }
    Map gitUsernamePassword(Map given) { [GIT_ASKPASS: "/bin/${given.credentialsId}" as String] }
    void error(String message) { throw new IllegalStateException(message) }
    void junit(String name) { assert new File(name).text.contains('<testsuite') }
    void archiveArtifacts(String names) { names.split(', ').each { assert new File(it).file } }
    void sh(String script) { sh(script: script) }

    int sh(Map given) {
        def process = ['sh', '-xe', '-c', given.script].execute(env.collect { "${it.key}=${it.value}" as String }, null)
        process.waitForProcessOutput(System.out, System.out)
        def code = process.exitValue()
        if (code && !given.returnStatus) { error("script returned exit code ${code}") }
        code
    }
}

// The block `environment`: an assignment in it sets a variable.
class Variables {
    Build build
    Object getProperty(String name) { name == 'env' ? build.env : build.params }
    void setProperty(String name, Object value) {
        if (name == 'build') { this.@build = value } else { this.@build.env[name] = value as String }
    }
    String credentials(String name) { this.@build.token }
}

def body = new GroovyShell().evaluate("{ -> ${new File(args[0]).text} }") as Closure
args.tail().toList().collate(2).each { token, process ->
    def build = new Build(token: token)
    build.env.RS_REQUIRED_PROCESS = process
    try {
        build.within(body)
        println 'BUILD SUCCESS'
    } catch (IllegalStateException failure) {
        println "BUILD FAILURE: ${failure.message}"
    }
}
