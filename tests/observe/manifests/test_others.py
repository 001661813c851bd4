"""The manifests of other languages are read without a build tool."""

from pathlib import Path

import pytest

from release_sentinel.observe import Unseen, manifests
from release_sentinel.observe.manifests import FromTags, Manifest
from tests.observe.parts import write


def pom(body: str) -> str:
    """Return a pom.xml with a namespace, as Maven writes it."""
    return f'<?xml version="1.0"?>\n<project xmlns="http://maven.apache.org/POM/4.0.0">{body}</project>\n'


def net(body: str) -> str:
    """Return a .NET project with properties."""
    return f'<Project Sdk="Microsoft.NET.Sdk"><PropertyGroup>{body}</PropertyGroup></Project>'


DEPENDENCY = "<dependencies><dependency><version>9</version></dependency></dependencies>"
PARENT = "<parent><groupId>a</groupId><version>1.2.3</version></parent>"
SHARED = "[workspace.package]\nversion = '1.2.3'\n"
MEMBER = "[package]\nname = 'a'\nversion.workspace = true\n"

# The files, the first of which is read, and where the version is; blank: in the manifest itself.
SAYING: dict[str, tuple[dict[str, str], str]] = {
    "cargo member": ({"crates/a/Cargo.toml": MEMBER, "Cargo.toml": SHARED}, "Cargo.toml"),
    "cargo member below others": (
        {"a/b/Cargo.toml": MEMBER, "a/Cargo.toml": "[package]\nversion = '9'\n", "Cargo.toml": SHARED},
        "Cargo.toml",
    ),
    "cargo member with its workspace": (
        {"a/Cargo.toml": MEMBER + "workspace = '../w'\n", "w/Cargo.toml": SHARED, "Cargo.toml": "[workspace]\n"},
        "w/Cargo.toml",
    ),
    "cargo root": ({"Cargo.toml": MEMBER + SHARED}, ""),
    "maven": ({"pom.xml": pom(f"{DEPENDENCY}<version> 1.2.3 </version>")}, ""),
    "maven with a parent": ({"pom.xml": pom(f"{PARENT}<artifactId>b</artifactId>{DEPENDENCY}")}, ""),
    "maven with a version and a parent": (
        {"pom.xml": pom("<parent><version>9</version></parent><version>1.2.3</version>")},
        "",
    ),
    "maven by properties": (
        {
            "pom.xml": pom(
                "<version>${revision}${changelist}</version>"
                "<properties><revision>1.${minor}</revision><minor>2.3</minor><changelist/></properties>"
            )
        },
        "",
    ),
    "maven by a parent's property": (
        {
            "a/pom.xml": pom("<parent><version>${revision}</version></parent>"),
            "pom.xml": pom("<version>${revision}</version><properties><revision>1.2.3</revision></properties>"),
        },
        "",
    ),
    "maven by a named parent": (
        {
            "a/pom.xml": pom("<parent><version>${r}</version><relativePath>../p</relativePath></parent>"),
            "p/pom.xml": pom("<properties><r>1.2.3</r></properties>"),
        },
        "",
    ),
    "maven in latin 1": (
        {"pom.xml": '<?xml version="1.0" encoding="ISO-8859-1"?><project><version>1.2.3</version></project>'},
        "",
    ),
    "gradle": ({"build.gradle": "group = 'a'\nversion = '1.2.3'\n"}, ""),
    "gradle without equals": ({"build.gradle": "version '1.2.3'\n"}, ""),
    "gradle by a setter": ({"build.gradle": "project.setVersion('1.2.3')\n"}, ""),
    "gradle by a call": ({"build.gradle": 'version("1.2.3")\n'}, ""),
    "gradle by a setter of several lines": ({"build.gradle": "setVersion(\n    '1.2.3'\n)\n"}, ""),
    "gradle in each project": ({"build.gradle": "allprojects { p -> p.version = '1.2.3' }\n"}, ""),
    "android in a line": ({"build.gradle": "android.defaultConfig.versionName = '1.2.3'\n"}, ""),
    "cargo of itself": ({"Cargo.toml": "[workspace]\nmembers = ['.', '']\n[package]\nversion = '1.2.3'\n"}, ""),
    "android": (
        {"app/build.gradle": 'android {\n  defaultConfig {\n    versionCode 7\n    versionName "1.2.3"\n  }\n}\n'},
        "",
    ),
    "android in kotlin": (
        {
            "app/build.gradle.kts": 'android {\n  defaultConfig {\n    versionName = "1.2.3"\n  }\n'
            '  productFlavors {\n    create("demo") { versionName = "9" }\n  }\n}\n'
        },
        "",
    ),
    "cargo of a member": (
        {
            "Cargo.toml": "[workspace]\nmembers = ['crates/*']\nexclude = ['crates/old']\n",
            "crates/a/Cargo.toml": "[package]\nname = 'a'\nversion = '1.2.3'\n",
            "crates/old/Cargo.toml": "[package]\nname = 'old'\nversion = '9'\n",
            "crates/task/Cargo.toml": "[package]\nname = 'task'\nversion = '0.1.0'\npublish = false\n",
            "crates/none/readme": "",
        },
        "crates/a/Cargo.toml",
    ),
    "cargo root with members of their own": (
        {
            "Cargo.toml": "[package]\nversion = '1.2.3'\n[workspace]\nmembers = ['crates/*']\n",
            "crates/a/Cargo.toml": "[package]\nname = 'a'\nversion = '0.3.0'\n",
        },
        "",
    ),
    "kotlin": (
        {
            "build.gradle.kts": 'plugins {\n  id("a") version "9"\n}\nversion = "1.2.3"\n'
            'node {\n    version = "20.0"\n}\n// version = "8"\n/*\nversion = "7"\n*/\n'
        },
        "",
    ),
    "gradle for all projects": ({"build.gradle": "allprojects {\n  version = '1.2.3'\n}\n"}, ""),
    "gradle for all projects in a line": ({"build.gradle": "allprojects { version = '1.2.3' }\n"}, ""),
    "gradle by a name": ({"build.gradle": "def v = '1.2.3'\nversion = v\n"}, ""),
    "gradle by properties": (
        {"app/build.gradle": "version = project.property('shopVersion')\n", "gradle.properties": "shopVersion=1.2.3\n"},
        "gradle.properties",
    ),
    "gradle by a text of properties": (
        {"build.gradle": 'version = "${shopVersion}"\n', "gradle.properties": "shopVersion = 1.2.3\n"},
        "gradle.properties",
    ),
    "gradle by a file": (
        {"build.gradle.kts": 'version = file("VERSION").readText().trim()\n', "VERSION": "1.2.3\n"},
        "VERSION",
    ),
    "net": ({"Shop.csproj": net("<Version>1.2.3</Version>")}, ""),
    "net with a prefix": ({"Shop.csproj": net("<VersionPrefix>1.2.3</VersionPrefix><VersionSuffix/>")}, ""),
    "net by properties": ({"Shop.fsproj": net("<M>1.2</M><Version>$(M).3</Version>")}, ""),
    "net shared": (
        {
            "src/Shop/Shop.csproj": net("<OutputType>Exe</OutputType>"),
            "Directory.Build.props": net("<Version>1.2.3</Version>"),
        },
        "Directory.Build.props",
    ),
    "net props": ({"Directory.Build.props": net("<Version>1.2.3</Version>")}, ""),
    "old net": (
        {"Shop.vbproj": net("<Version>1.2.3</Version>").replace("<Project ", '<Project xmlns="http://a/b" ')},
        "",
    ),
    "mix": ({"mix.exs": '  def project do\n    [app: :shop,\n     version: "1.2.3",\n     deps: []]\n'}, ""),
    "mix beside a long line": ({"mix.exs": f"  # {'x' * 1000}\n  version: '1.2.3',\n"}, ""),
    "mix by an attribute": ({"mix.exs": '  @version "1.2.3"\n  [\n    version: @version,\n  ]\n'}, ""),
    "mix by a file": ({"mix.exs": '    version: String.trim(File.read!("VERSION")),\n', "VERSION": "1.2.3"}, "VERSION"),
    "mix in a line": ({"mix.exs": 'def project, do: [app: :shop, version: "1.2.3"]\n'}, ""),
    "mix beside other keys": (
        {
            "mix.exs": "  # version: '9',\n  def project do\n    [releases: [shop: [version: '9']], app: :shop,"
            " version: '1.2.3', aliases: a()]\n  end\n  defp deps do\n    [version: '8']\n  end\n"
        },
        "",
    ),
    "composer": ({"composer.json": '{"version": "1.2.3"}'}, ""),
    "pubspec": ({"pubspec.yaml": "name: shop\nversion: 1.2.3\n"}, ""),
    "gem": ({"shop.gemspec": "Gem::Specification.new do |s|\n  s.version = '1.2.3'.freeze # now\nend\n"}, ""),
    "gem in a line": ({"shop.gemspec": 'Gem::Specification.new { |s| s.name = "a"; s.version = "1.2.3" }\n'}, ""),
    "gem by a constant": (
        {
            "shop.gemspec": "  spec.version     = MyShop::API::VERSION\n",
            "lib/my_shop/api/version.rb": 'module MyShop\n  VERSION = "1.2.3"\nend\n',
        },
        "lib/my_shop/api/version.rb",
    ),
    "pod": ({"Shop.podspec": "Pod::Spec.new do |s|\n  s.version = '1.2.3'\nend\n"}, ""),
}
FROM_TAGS = {
    "composer.json": ('{"name": "a/b"}', "Composer"),
    "package.json": ('{"version": "0.0.0-development"}', "semantic-release"),
    "build.gradle": ("version = gitVersion()\n", "git-version"),
    "build.gradle.kts": ("version = scmVersion.version\n", "axion-release"),
    "Shop.csproj": (
        '<Project><ItemGroup><PackageReference Include="MinVer" Version="5"/></ItemGroup></Project>',
        "MinVer",
    ),
}
UNCLEAR = {
    "cargo without a workspace": ("a/Cargo.toml", MEMBER, "a/Cargo.toml inherits its version, and no Cargo.toml above"),
    "cargo without a shared version": (
        "Cargo.toml",
        MEMBER + "[workspace]\n",
        "Cargo.toml inherits its version, and Cargo.toml has no workspace.package.version",
    ),
    "cargo with a number": ("Cargo.toml", "[package]\nversion = 1\n", "package.version of Cargo.toml is 1, not a text"),
    "maven without a property": (
        "pom.xml",
        pom("<version>${revision}</version>"),
        "pom.xml has no value for the property revision",
    ),
    "maven in circles": (
        "pom.xml",
        pom("<version>${a}</version><properties><a>${b}${b}</a><b>${a}${a}</b></properties>"),
        "pom.xml makes its version of properties that are too long, or refer to one another",
    ),
    "maven with a bomb": (
        "pom.xml",
        pom(f"<version>{'${a}' * 10}</version><properties><a>{'${b}' * 200_000}</a><b>x</b></properties>"),
        "pom.xml makes its version of properties that are too long",
    ),
    "net with a bomb": (
        "Shop.csproj",
        net(f"<Version>$(A)</Version><A>{'$(B)' * 9}</A><B>{'$(C)' * 99}</B><C>{'$(D)' * 99}</C>"),
        "Shop.csproj makes its version of properties that are too long",
    ),
    "maven without a version": ("pom.xml", pom(""), "pom.xml has no version, nor has its parent"),
    "entities": (
        "pom.xml",
        '<!DOCTYPE p [<!ENTITY a "1.2.3">]><project><version>&a;</version></project>',
        "pom.xml has a document type, which is not read",
    ),
    "an external document type": (
        "pom.xml",
        '<!DOCTYPE p SYSTEM "file:///etc/passwd"><project><version>1.2.3</version></project>',
        "pom.xml has a document type, which is not read",
    ),
    "deep": ("pom.xml", "<a>" * 200_000, "pom.xml cannot be parsed: it is nested more than 100 deep"),
    "not closed": ("pom.xml", "<project><version>1.2.3</version>", "pom.xml cannot be parsed: "),
    "long": ("pom.xml", pom(" " * (2 << 20)), "pom.xml cannot be read: it is longer than the 1 MiB that are read"),
    "an encoding that is not known": (
        "pom.xml",
        '<?xml version="1.0" encoding="x-none"?><project><version>1.2.3</version></project>',
        "pom.xml cannot be parsed: ",
    ),
    "gradle that computes": ("build.gradle", 'version = "${major}.1"\n', "build.gradle computes its version"),
    "gradle with a function": ("build.gradle.kts", "version = compute()\n", "build.gradle.kts computes its version"),
    "gradle with a condition": (
        "build.gradle",
        "if (project.hasProperty('x')) {\n  version = '1.2.3'\n} else {\n  version = '1.2.4'\n}\n",
        "build.gradle computes its version",
    ),
    "net with a condition": (
        "Shop.csproj",
        net("<Version Condition=\"'$(CI)' != ''\">1.2.3</Version>"),
        "Shop.csproj has a Version that depends on a condition",
    ),
    "net with two": (
        "Shop.csproj",
        net("<Version>1.2.3</Version><Version>1.2.4</Version>"),
        "Shop.csproj has more than one Version",
    ),
    "net in circles": (
        "Shop.csproj",
        net("<Version>$(A)</Version><A>$(B)</A><B>$(A)</B>"),
        "Shop.csproj makes its version of properties that are too long, or refer to one another",
    ),
    "net without": ("Shop.csproj", net(""), "Shop.csproj has no Version"),
    "a line without end": (
        "build.gradle",
        "version = 1" + " " * 100_000 + "x",
        "build.gradle has a version in a line of more than 500 characters",
    ),
    "mix that computes": ("mix.exs", "  version: compute(),\n", "mix.exs computes its version"),
    "mix with two": ("mix.exs", '  version: "1",\n  version: "2",\n', "mix.exs computes its version"),
    "gem that computes": ("a.gemspec", "  s.version = A::V\n", "a.gemspec computes its version"),
    "cargo with members elsewhere": (
        "Cargo.toml",
        "[workspace]\nmembers = ['../*']\n",
        "Cargo.toml refers to ../*, outside of the repository",
    ),
    "cargo with members of another kind": (
        "Cargo.toml",
        "[workspace]\nmembers = 'a'\n",
        "members of Cargo.toml is not a list",
    ),
    "gem without": ("a.gemspec", "Gem::Specification.new\n", "a.gemspec has no version"),
    "android that computes": (
        "build.gradle",
        "android {\n  defaultConfig {\n    versionName compute()\n  }\n}\n",
        "build.gradle computes its version",
    ),
    "pubspec without": ("pubspec.yaml", "name: shop\n", "pubspec.yaml has no version"),
}


@pytest.mark.parametrize("kind", SAYING)
def test_the_version_is_read(tmp_path: Path, kind: str) -> None:
    """The version of the project is read, and not another one in the file."""
    files, place = SAYING[kind]
    for name, text in files.items():
        write(tmp_path, name, text)
    name = next(iter(files))
    (seen,) = manifests.read(tmp_path, name)
    assert isinstance(seen, Manifest), seen
    assert (seen.name, seen.version, seen.file) == (name, "1.2.3", place)


@pytest.mark.parametrize("name", FROM_TAGS)
def test_a_version_from_tags(tmp_path: Path, name: str) -> None:
    """A project that leaves its version to Git's tags is named with its tool."""
    text, tool = FROM_TAGS[name]
    assert manifests.read(tmp_path, write(tmp_path, name, text)) == [FromTags(name, tool)]


@pytest.mark.parametrize("kind", UNCLEAR)
def test_a_version_that_is_not_found(tmp_path: Path, kind: str) -> None:
    """The message says why, in a line."""
    name, text, why = UNCLEAR[kind]
    (seen,) = manifests.read(tmp_path, write(tmp_path, name, text))
    assert isinstance(seen, Unseen), seen
    assert seen.why.startswith(why)
    assert "\n" not in seen.why


def test_two_versions(tmp_path: Path) -> None:
    """Each is said: of the package and of its workspace, of two kinds of projects."""
    cargo = write(tmp_path, "Cargo.toml", "[package]\nversion = '1.2.3'\n" + SHARED.replace("1.2.3", "1.2.2"))
    assert manifests.read(tmp_path, cargo) == [
        Manifest("Cargo.toml", "1.2.3"),
        Manifest("Cargo.toml#workspace.package.version", "1.2.2"),
    ]
    gradle = write(tmp_path, "build.gradle", "version = '1'\nsubprojects {\n  version = '2'\n}\n")
    assert manifests.read(tmp_path, gradle) == [Manifest("build.gradle", "1"), Manifest("build.gradle", "2")]
