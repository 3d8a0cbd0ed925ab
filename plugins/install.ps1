#Requires -Version 5.1
<#
.SYNOPSIS
Installs plugins into a running server: stores their source under /lib, then activates them. -Help says how.

.EXAMPLE
plugins\install.ps1 gpu db

.EXAMPLE
plugins\install.ps1 primitives -WithSemantic
#>
[CmdletBinding()]
param(
  [Parameter(Position = 0, ValueFromRemainingArguments = $true)]
  [string[]] $Name = @(),
  [switch] $WithSemantic,
  [Alias('h')]
  [switch] $Help
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$usage = @'
usage: plugins\install.ps1 NAME...
       plugins\install.ps1 primitives [-WithSemantic]

Stores NAME.ts, which lies beside this script, as /lib/NAME and activates it. What was there before is replaced.
"primitives" stands for gpu fstab db fanout; -WithSemantic adds semantic to them.

ELASTIK_HOST           the server's URL, host:port, or the address that it listens on (default 127.0.0.1); what names no
                       port has that of ELASTIK_PORT (default 3005), but for a URL
ELASTIK_APPROVE_TOKEN  the operator's token (T3), which activates
ELASTIK_TOKEN          the user's token (T2), which stores; without it none is sent (open mode)
'@

function Stop-Install([string] $Why) {
  [Console]::Error.WriteLine("install: $Why")
  exit 1
}

# Where the server is. An address that means "all of them" is one to listen on, not to connect to.
function Get-BaseUrl {
  $address = if ($env:ELASTIK_HOST) { $env:ELASTIK_HOST.Trim().TrimEnd('/') } else { '127.0.0.1' }
  $port = if ($env:ELASTIK_PORT) { $env:ELASTIK_PORT.Trim() } else { '3005' }
  if ($address.Contains('://')) { return $address }
  if ($address -match '^(\[.*\])(?::(.*))?$') {
    $address = $Matches[1]
    if ($Matches.ContainsKey(2)) { $port = $Matches[2] }
  } elseif ($address -match ':.*:') {
    $address = "[$address]"
  } elseif ($address -match '^([^:]*):(.*)$') {
    $address = $Matches[1]
    $port = $Matches[2]
  }
  if ($address -eq '0.0.0.0') { $address = '127.0.0.1' }
  if ($address -eq '[::]') { $address = '[::1]' }
  return "http://${address}:$port"
}

# A PUT, and what came of it. HttpClient is the same in every edition, and a refusal is an answer like any other to it.
function Send-Put($Client, [string] $Token, [string] $Url, [byte[]] $Body) {
  $request = $null
  try {
    $request = [System.Net.Http.HttpRequestMessage]::new([System.Net.Http.HttpMethod]::Put, $Url)
    $request.Content = [System.Net.Http.ByteArrayContent]::new($Body)
    [void] $request.Headers.TryAddWithoutValidation('Accept', 'text/plain')
    if ($Token) { [void] $request.Headers.TryAddWithoutValidation('Authorization', "Bearer $($Token.Trim())") }
    $response = $Client.SendAsync($request).GetAwaiter().GetResult()
    $text = $response.Content.ReadAsStringAsync().GetAwaiter().GetResult()
    return @{ Status = [int] $response.StatusCode; Text = ($text -replace '[\x00-\x08\x0b-\x1f\x7f]', '') }
  } catch {
    Stop-Install "no answer from ${Url}: $($_.Exception.GetBaseException().Message)"
  } finally {
    if ($request) { $request.Dispose() }
  }
}

$names = @()
$primitives = $false
$semantic = [bool] $WithSemantic
foreach ($argument in $Name) {
  if ($argument -ceq '--help') { $Help = $true }
  elseif ($argument -ceq '--with-semantic') { $semantic = $true }
  elseif ($argument -ceq 'primitives') {
    $primitives = $true
    $names += @('gpu', 'fstab', 'db', 'fanout')
  } elseif ($argument -cmatch '\A[A-Za-z0-9_][A-Za-z0-9_-]*\z') { $names += $argument }
  else { Stop-Install "`"$argument`" is no name of a plugin; see -Help" }
}
if ($Help) {
  Write-Output $usage
  exit 0
}
if ($semantic) {
  if (-not $primitives) { Stop-Install '-WithSemantic goes with primitives; see -Help' }
  $names += 'semantic'
}
if ($names.Count -eq 0) {
  [Console]::Error.WriteLine($usage)
  exit 2
}
foreach ($plugin in $names) {
  if (-not (Test-Path -LiteralPath (Join-Path $PSScriptRoot "$plugin.ts") -PathType Leaf)) {
    Stop-Install "there is no plugin $plugin beside this script"
  }
}
if (-not $env:ELASTIK_APPROVE_TOKEN) {
  Stop-Install ("ELASTIK_APPROVE_TOKEN is not set: only the operator's token activates " +
    '(the server prints one when it has none)')
}

$base = Get-BaseUrl
Add-Type -AssemblyName System.Net.Http
if ($PSVersionTable.PSVersion.Major -lt 6) {
  # Older Windows offers only older versions unless it is told.
  [Net.ServicePointManager]::SecurityProtocol =
    [Net.ServicePointManager]::SecurityProtocol -bor [Net.SecurityProtocolType]::Tls12
}
$handler = [System.Net.Http.HttpClientHandler]::new()
$handler.AllowAutoRedirect = $false
# To this machine tokens go without a proxy, whatever the system's settings say.
if ($base -match '^https?://(?:localhost|127\.[0-9.]+|\[::1\])(?::|/|$)') { $handler.UseProxy = $false }
$client = [System.Net.Http.HttpClient]::new($handler)
try {
  $client.Timeout = [TimeSpan]::FromSeconds(60)
  $client.DefaultRequestHeaders.ExpectContinue = $false
  $active = [System.Text.Encoding]::ASCII.GetBytes('active')
  foreach ($plugin in $names) {
    $source = [System.IO.File]::ReadAllBytes((Join-Path $PSScriptRoot "$plugin.ts"))
    $stored = Send-Put $client $env:ELASTIK_TOKEN "$base/lib/$plugin" $source
    if ($stored.Status -notin 200, 201) {
      Stop-Install "$plugin could not be stored: $($stored.Status) $($stored.Text)"
    }
    $state = Send-Put $client $env:ELASTIK_APPROVE_TOKEN "$base/lib/$plugin/state" $active
    if ($state.Status -ne 200) {
      Stop-Install "$plugin is stored and could not be activated: $($state.Status) $($state.Text)"
    }
    Write-Output "$plugin is active"
  }
} finally {
  $client.Dispose()
}
