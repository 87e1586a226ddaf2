# Checks that this machine has what the workbook needs, and downloads its crates, as
# prepare.sh does on other systems. Builds nothing.
#
#     powershell -ExecutionPolicy Bypass -File .workshop\prepare.ps1

Set-Location (Join-Path $PSScriptRoot "..")
$script:status = 0

function Ok($what) { Write-Host "ok        $what" }

function Missing($what, $advice) {
    Write-Host "MISSING   $what"
    foreach ($line in $advice) { Write-Host "            $line" }
    $script:status = 1
}

function Optional($what, $advice) {
    Write-Host "optional  $what"
    foreach ($line in $advice) { Write-Host "            $line" }
}

function Has($program) { $null -ne (Get-Command $program -ErrorAction SilentlyContinue) }

# Rust, in the version that Cargo.toml requires, such as 1.89.
$line = Select-String -Path Cargo.toml -Pattern '^rust-version = "(.*)"'
$required = [version]$line.Matches[0].Groups[1].Value
$version = $null
if (Has rustc) {
    if ("$(rustc --version)" -match '^rustc (\d+\.\d+\.\d+)') { $version = [version]$Matches[1] }
}
$rust = $false
if ($null -eq $version) {
    Missing "Rust $required or newer: found no working rustc on PATH" @(
        "winget install Rustlang.Rustup", "Then open a new terminal.")
} elseif ($version -lt $required) {
    Missing "Rust $required or newer: this folder uses Rust $version" @(
        "rustup update stable; rustup default stable",
        "If it stays old: rustup override unset")
} else {
    $rust = $true
    Ok "Rust $version"
}

# The linker of the Visual Studio Build Tools, which rustc finds by their registration.
$vswhere = "${env:ProgramFiles(x86)}\Microsoft Visual Studio\Installer\vswhere.exe"
$tools = $null
if (Test-Path $vswhere) {
    $tools = & $vswhere -latest -products * -property installationPath `
        -requires Microsoft.VisualStudio.Component.VC.Tools.x86.x64
}
if ($tools) {
    Ok "C compiler and linker: $tools"
} elseif ($rust -and "$(rustc -vV)" -match 'windows-gnu') {
    if (Has gcc) { Ok "C compiler and linker: gcc" } else {
        Missing "C compiler and linker: no gcc on PATH, which Rust for windows-gnu uses" @(
            "rustup default stable-msvc, and install the Visual Studio Build Tools:",
            "winget install Microsoft.VisualStudio.2022.BuildTools --override `"--wait --passive --add Microsoft.VisualStudio.Workload.VCTools --includeRecommended`"")
    }
} else {
    Missing "C compiler and linker: no Visual Studio Build Tools with C++" @(
        "winget install Microsoft.VisualStudio.2022.BuildTools --override `"--wait --passive --add Microsoft.VisualStudio.Workload.VCTools --includeRecommended`"")
}

if ($env:DATABASE_URL) {
    Ok "PostgreSQL: the server in DATABASE_URL (not contacted)"
} else {
    Optional "PostgreSQL: DATABASE_URL is not set (only lessons 05 and 14 need a server)" @(
        "winget install PostgreSQL.PostgreSQL.17",
        "`$env:DATABASE_URL = `"postgresql://postgres:PASSWORD@localhost/postgres`"")
}

$python = $null
foreach ($program in @(".venv\Scripts\python.exe", "py", "python3", "python")) {
    if (($null -eq $python) -and (Has $program)) {
        & $program -c "import ensurepip, venv, sys; sys.exit(sys.version_info < (3, 11))" 2>$null
        if ($LASTEXITCODE -eq 0) { $python = $program }
    }
}
if ($python) {
    Ok "Python 3.11 or newer with venv: $python"
} else {
    Optional "Python 3.11 or newer with venv (only the lessons' Python programs need it)" @(
        "winget install Python.Python.3.13")
}

# All programs, tests and the book take about 4 GB in `target`.
$free = [math]::Floor((Get-Item .).PSDrive.Free / 1GB)
if ($free -ge 4) { Ok "disk space: $free GB free" } else {
    Missing "disk space: $free GB free, 4 GB needed" @("Delete files, or move this folder.")
}

if (-not $rust) {
    Write-Host "skipped   download of the crates, which needs Rust $required"
} else {
    $log = & cmd /c "cargo fetch --locked 2>&1"
    if ($LASTEXITCODE -eq 0) { Ok "all crates are downloaded" } else {
        Missing "crates: ``cargo fetch --locked`` failed; is there a network?" @(
            ($log | Select-Object -Last 1),
            "Behind a proxy, set `$env:HTTPS_PROXY = `"http://NAME:PORT`", and run this again.")
    }
}

Write-Host ""
if ($script:status -eq 0) {
    Write-Host "Ready. Next: cargo build --examples, then cargo workbook doctor"
} else {
    Write-Host "Install what is MISSING, then run this again."
}
exit $script:status
